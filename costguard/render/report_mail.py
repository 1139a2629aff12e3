"""The weekly report as a mail, ready for `sendmail -t`."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from costguard.errors import UsageProblem


def report_mail(title: str, headline: str, text: str, html: str, sent: datetime, sender: str, to: str) -> str:
    """A message of two alternatives, Markdown and HTML.

    Raises:
        UsageProblem: an address is none.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"{title}: {headline}"
    for head, address in (("From", sender), ("To", to)):
        try:
            message[head] = address
        except (ValueError, IndexError):
            raise UsageProblem(f"{address!r} is no mail address") from None
        found = message[head].addresses
        # Letters beyond ASCII would be written as no mail server takes them in an address.
        if not found or any(not one.domain or not one.addr_spec.isascii() for one in found):
            raise UsageProblem(f"{address!r} is no mail address")
    message["Date"] = sent
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, subtype="plain", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    # The same report gives the same message: the boundary is not drawn by lot.
    message.set_boundary("=_costguard_report")
    return message.as_string()
