"""Questions, as a person at a terminal sees them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Egc
from tests.cli.gateway import Gateway
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow


@pytest.fixture
def here(gateway: Gateway, tmp_path: Path) -> Path:
    """The directory of a person whose gateway runs."""
    return tmp_path


def test_the_questions_of_the_article(egc: Egc, here: Path) -> None:
    with Terminal("users", "create", directory=here) as terminal:
        terminal.expect("? Enter username [required]: ").type("val")
        terminal.expect("? Enter firstname [required]: ").type("Valeri")
        terminal.expect("? Enter lastname [required]: ").type("Karpov")
        terminal.expect("? Enter email: ").type("val@example.com")
        terminal.expect("? Enter redirectUri: ").type("")
        assert terminal.wait() == 0
        assert "✔ Created " in terminal.seen
        assert '"firstname": "Valeri"' in terminal.seen
    user = egc("users", "info", "val").json
    assert isinstance(user, dict)
    assert "redirectUri" not in user
    with Terminal("apps", "create", "-u", "val", directory=here) as terminal:
        terminal.expect("? Enter name [required]: ").type("testapp")
        terminal.expect("? Enter redirectUri: ").type("http://localhost:8080/ip")
        assert terminal.wait() == 0
    app = egc("apps", "info", "testapp").json
    assert isinstance(app, dict)
    assert app["redirectUri"] == "http://localhost:8080/ip"


def test_an_answer_that_does_not_fit_is_asked_for_again(egc: Egc, here: Path) -> None:
    with Terminal("users", "create", "-p", "firstname=V", "-p", "lastname=K", directory=here) as terminal:
        terminal.expect("? Enter username [required]: ").type("")
        terminal.expect("this one is required").expect("? Enter username [required]: ").type("val")
        terminal.expect("? Enter email: ").type("nonsense")
        terminal.expect("an e-mail address looks like").expect("? Enter email: ").type("val@example.com")
        terminal.expect("? Enter redirectUri: ").type("")
        assert terminal.wait() == 0
    user = egc("users", "info", "val").json
    assert isinstance(user, dict)
    assert (user["firstname"], user["email"]) == ("V", "val@example.com")


def test_data_alone_goes_to_stdout(here: Path) -> None:
    with Terminal("users", "create", "-q", directory=here, output=here / "id") as terminal:
        for answer in ("val", "V", "K", "", ""):
            terminal.expect(": ").type(answer)
        assert terminal.wait() == 0
    assert len((here / "id").read_text()) == 37


def test_an_update_offers_what_is_there(egc: Egc, here: Path) -> None:
    egc("users", "create", "-p", "username=val", "-p", "firstname=V", "-p", "lastname=K")
    with Terminal("users", "update", "val", directory=here) as terminal:
        terminal.expect("? Enter firstname (V): ").type("Valeri")
        terminal.expect("? Enter lastname (K): ").type("")
        terminal.expect("? Enter email: ").type("")
        terminal.expect("? Enter redirectUri: ").type("")
        terminal.expect("✔ Updated val")
        assert terminal.wait() == 0
    user = egc("users", "info", "val").json
    assert isinstance(user, dict)
    assert (user["firstname"], user["lastname"]) == ("Valeri", "K")


def test_a_password_is_typed_twice_and_not_shown(egc: Egc, here: Path) -> None:
    egc("users", "create", "-p", "username=val", "-p", "firstname=V", "-p", "lastname=K")
    arguments = ("credentials", "create", "-c", "val", "-t", "basic-auth", "--ask-secret")
    with Terminal(*arguments, directory=here) as terminal:
        terminal.expect("? Enter password [hidden]: ").type("bacon")
        terminal.expect("? Repeat password [hidden]: ").type("bacoN")
        terminal.expect("the two differ")
        assert terminal.wait() == 2
    with Terminal(*arguments, directory=here) as terminal:
        terminal.expect("? Enter password [hidden]: ").type("bacon")
        terminal.expect("? Repeat password [hidden]: ").type("bacon")
        terminal.expect("✔ Created ")
        assert terminal.wait() == 0
        assert "bacon" not in terminal.seen


@pytest.mark.parametrize(("leave", "code"), [("end_of_input", 2), ("interrupt", 130)])
def test_leaving_a_question_sends_nothing(egc: Egc, here: Path, leave: str, code: int) -> None:
    with Terminal("users", "create", directory=here) as terminal:
        terminal.expect("? Enter username [required]: ").type("val")
        terminal.expect("? Enter firstname [required]: ")
        getattr(terminal, leave)()
        assert terminal.wait() == code
        assert "Traceback" not in terminal.seen
    assert egc("users", "list", "-q").out == ""


def test_answers_may_come_from_a_pipe(egc: Egc, here: Path) -> None:
    assert egc("users", "create", stdin="val\nValeri\nKarpov\n\n\n").code == 0
    assert egc("users", "info", "val", "-q").code == 0


def test_nobody_to_ask_names_what_is_missing(egc: Egc, here: Path) -> None:
    result = egc("users", "create", "-p", "firstname=V")
    assert result.code == 2
    assert "missing: username, lastname" in result.err


def test_a_piped_answer_that_does_not_fit_fails_once(egc: Egc, here: Path) -> None:
    result = egc("users", "create", stdin="val\nV\nK\nnonsense\n\n")
    assert result.code == 2
    assert result.err.count("an e-mail address looks like") == 1


def test_a_list_is_a_table_on_a_terminal(egc: Egc, here: Path) -> None:
    egc("users", "create", "-p", "username=[bold]V", "-p", "firstname=V", "-p", "lastname=K")
    with Terminal("users", "list", directory=here) as terminal:
        assert terminal.wait() == 0
        assert "username" in terminal.seen
        assert "[bold]V" in terminal.seen
        assert "{" not in terminal.seen


def test_a_table_that_the_terminal_has_no_room_for_is_written_as_blocks(egc: Egc, here: Path) -> None:
    ids = []
    for name in ("val", "ann"):
        made = egc("users", "create", "-p", f"username={name}", "-p", "firstname=V", "-p", "lastname=K").json
        assert isinstance(made, dict)
        ids.append(made["id"])
    shown = {}
    for columns in (40, 80):
        with Terminal("users", "list", directory=here, environ={"COLUMNS": str(columns)}) as terminal:
            assert terminal.wait() == 0
        shown[columns] = terminal.seen
    assert shown[40] == (
        f"username  val\nisActive  yes\nid        {ids[0]}\n\nusername  ann\nisActive  yes\nid        {ids[1]}\n"
    )
    assert shown[80].splitlines()[0].split() == ["username", "isActive", "id"]
    assert shown[80].splitlines()[2].split() == ["val", "yes", ids[0]]
