"""What is wrong with Google credentials, and the command that mends it: the same for each of Google's clients, whether
they speak HTTP or gRPC."""

from __future__ import annotations

from typing import Final

LOG_IN: Final = "run `gcloud auth application-default login`"


def sign_in_problem(error: Exception, said: str) -> str:
    """Why credentials that a client looked for, or renewed, do not do. `error`: of `google.auth`; `said`: its words."""
    from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

    match error:
        case TransportError():
            return f"Google's sign-in cannot be reached ({said}); check the network"
        case DefaultCredentialsError():
            return (
                f"there are no Google credentials; {LOG_IN}, or set GOOGLE_APPLICATION_CREDENTIALS to a key file "
                f"({said})"
            )
        case RefreshError():
            return f"the Google credentials have expired or were revoked ({said}); {LOG_IN}"
    return f"the Google credentials cannot be used ({said}); {LOG_IN}"


def not_accepted(said: str) -> str:
    """What an answer means that takes the caller for nobody."""
    return f"the Google credentials are not accepted ({said}); {LOG_IN}"
