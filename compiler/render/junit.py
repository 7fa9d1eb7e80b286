"""JUnit's XML, which most servers of continuous integration show: each finding is a test that failed."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from egc.compiler.diagnostics import Report
from egc.compiler.render import remarks, told


def render(report: Report, *, colour: bool) -> str:
    """The document. Without errors and warnings it holds one test that passed; an info is a test with output."""
    failing = sum(found.severity != "info" for found in report)
    suites = Element("testsuites")
    suite = SubElement(
        suites, "testsuite", name="egc", tests=str(max(1, len(report))), failures=str(failing), errors="0", time="0"
    )
    for found in report:
        case = SubElement(
            suite,
            "testcase",
            name=told(f"{found.code} {found.name} {found.span}"),
            classname=told(report.root + found.span.file),
            time="0",
        )
        lines = [f"{report.root}{found.span}", *(f"{word}: {text}" for word, text in remarks(found))]
        text = "\n".join(map(told, lines))
        if found.severity == "info":
            SubElement(case, "system-out").text = f"{told(found.message)}\n{text}"
        else:
            failure = SubElement(case, "failure", message=told(found.message), type=found.severity)
            failure.text = text
    if not len(report):
        SubElement(suite, "testcase", name="the configuration is good", classname="egc", time="0")
    indent(suites)
    return "<?xml version='1.0' encoding='UTF-8'?>\n" + tostring(suites, encoding="unicode") + "\n"
