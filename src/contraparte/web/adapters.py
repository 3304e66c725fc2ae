"""Where django-allauth asks the house: nobody signs up, and secrets of second factors are sealed at rest."""

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from contraparte.directory.models import Person


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by an administrator on the command line, never by a visitor."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("User name and password do not go together."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
        "incorrect_code": _("This is not the code that is valid now."),
        "incorrect_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sign-in sends no mail: the only one a node sends says that something waits (`web/mailing.py`)."""

    def is_ajax(self, request: HttpRequest) -> bool:
        """Only a script that asks for JSON gets JSON (the passkey button); htmx gets pages."""
        return request.headers.get("Accept", "") == "application/json"


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of code generators lie encrypted in the database, under a key that lies in the node's key folder."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This is not the code that is valid now."),
        "cannot_delete_authenticator": _("This cannot be removed."),
        "cannot_generate_recovery_codes": _("Set up a passkey or a code generator first."),
    }

    def get_totp_label(self, user: "Person") -> str:
        """What the generator on the telephone calls this account."""
        return user.username

    def get_totp_issuer(self) -> str:
        """The node's name, so that several nodes are told apart on one telephone."""
        return f"Contraparte {settings.NODE_NAME}"

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed; raises cryptography's InvalidToken for anything else."""
        return _box().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the host this node is reached under, and show the node's name."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": settings.NODE_NAME}


def _box() -> Fernet:
    key = hashlib.sha256(json.dumps(["second factors at rest", settings.SECRET_KEY]).encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
