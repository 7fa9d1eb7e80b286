"""List everything that egc can find wrong with a configuration."""

import click

FORMS = ("text", "json", "markdown")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="How the list is written.",
)
def command(form: str) -> None:
    """List everything that egc can find wrong with a configuration: code, name, severity, confidence, fix.

    A finding of `lint` is made by the reviewer and never stops a build; one of `build` is made by every command that
    compiles, and an error there is in the way. `egc explain NAME` says more of one.

    \b
    Examples:
      egc rules | grep SC
      egc rules --format markdown
    """
    import json

    rows = list(table())
    if form == "json":
        click.echo(json.dumps({"schema_version": 1, "rules": rows}, indent=2))
        return
    if form == "markdown":
        from egc.compiler.render.markdown import plain

        columns = ("code", "name", "severity", "confidence", "fix", "from", "summary")
        click.echo(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
        for row in rows:
            click.echo(f"| {' | '.join(plain(str(row[column])) for column in columns)} |")
        return
    width = max(len(str(row["name"])) for row in rows)
    for row in rows:
        kind = f"{row['severity']} {row['confidence']}"
        fix = "" if row["fix"] == "none" else f"  [{row['fix']} fix]"
        click.echo(f"{row['code']}  {row['name']:<{width}}  {row['from']:<5}  {kind:<17}  {row['summary']}{fix}")


def table() -> list[dict[str, str | bool]]:
    """All findings in the order of their codes, as data."""
    from egc.compiler.lint._ignores import UNUSED, WITHOUT_REASON
    from egc.compiler.rules import checks, pages

    made = {*(rule.code for rule, _ in checks()), WITHOUT_REASON[0], UNUSED[0]}
    return [
        {
            "code": page.code,
            "name": page.name,
            "severity": page.severity,
            "confidence": page.confidence,
            "fix": page.fix,
            "from": "lint" if page.code in made else "build",
            "default": page.default and page.severity != "info",
            "summary": page.summary,
        }
        for page in pages()
    ]
