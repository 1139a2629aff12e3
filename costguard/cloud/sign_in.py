"""What is wrong with Google credentials, and the command that mends it: the same for each of Google's clients, whether
they speak HTTP or gRPC."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from costguard.errors import UsageProblem

KEY_FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
"""Google's variable: where it is set, its file is used, and what `gcloud` has is not looked at."""
_LOG_IN: Final = "run `gcloud auth application-default login`"


def log_in() -> str:
    """What mends credentials that do not do."""
    path = os.environ.get(KEY_FILE)
    if not path:
        return _LOG_IN
    return f"{KEY_FILE} names {path}: let it name another file, or unset it and {_LOG_IN}"


def sign_in_problem(error: Exception, said: str) -> str:
    """Why credentials that a client looked for, or renewed, do not do. `error`: of `google.auth`; `said`: its words."""
    from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

    words = " ".join(str(error.args[0]).split())[:300] if error.args else said
    match error:
        case TransportError():
            return f"Google's sign-in cannot be reached ({said}); check the network"
        case DefaultCredentialsError():
            if "not found" not in words:  # there are some
                return _unusable(words)
            if os.environ.get(KEY_FILE):
                return f"there are no Google credentials ({words}); {log_in()}"
            return f"there are no Google credentials; {_LOG_IN}, or set {KEY_FILE} to a key file ({words})"
        case RefreshError():
            return f"the Google credentials have expired or were revoked ({words}); {log_in()}"
    return _unusable(said)


def not_accepted(said: str) -> str:
    """What an answer means that takes the caller for nobody."""
    return f"the Google credentials are not accepted ({said}); {log_in()}"


@contextmanager
def reading_credentials(doing: str) -> Iterator[None]:
    """Around the making of a client. Over a file that is there, and is nothing like credentials, clients stumble.

    Raises:
        UsageProblem: they did.
    """
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAuthError:
        raise
    except (IsADirectoryError, PermissionError) as error:
        raise UsageProblem(f"{doing}: {_unusable(error.strerror or type(error).__name__)}") from None
    except (AttributeError, KeyError, TypeError, ValueError):  # their text may quote a key
        raise UsageProblem(f"{doing}: {_unusable('the file is not as it should be')}") from None


def _unusable(said: str) -> str:
    return f"the Google credentials cannot be used ({said}); {log_in()}"
