"""A request to the Admin API that says something wrong, and where (RFC 9457 section 3, RFC 6901 section 6)."""

from egc.runtime.errors import Refused


class Invalid(Refused):
    """Refuse a request for what one of its members holds.

    Arguments:
        status: 400 where it can never be, 409 where it cannot be beside what is there, 422 where it names what is not.
        sentence: for people; it never repeats a secret.
        members: the way to the member in the body: names, from the outside in.
        parameter: the query parameter it is about, instead.
        as_text: Express Gateway said the same with this status, and who says nothing about forms gets its form.
    """

    def __init__(self, status: int, sentence: str, *members: str, parameter: str = "", as_text: bool = False) -> None:
        super().__init__(status, sentence)
        self.members = members
        self.parameter = parameter
        self.as_text = as_text

    def inside(self, *members: str) -> "Invalid":
        """The same about a member of a member."""
        return Invalid(self.status, self.body, *members, *self.members, as_text=self.as_text)

    @property
    def place(self) -> dict[str, str]:
        """Where, as one of the `errors` of a problem document names it."""
        if self.parameter:
            return {"parameter": self.parameter}
        return {"pointer": "#" + "".join(f"/{_escaped(member)}" for member in self.members)}


def _escaped(member: str) -> str:
    return member.replace("~", "~0").replace("/", "~1")
