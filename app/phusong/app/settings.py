"""Settings of a process, read once and handed down."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from phusong.app.i18n import Language, choose_language


class Settings(BaseSettings):
    """What the environment may set; every name has the prefix ``PHUSONG_``.

    Attributes
    ----------
    lang : str
        Language of the command line, ``vi`` or ``en``.
    debug : bool
        Show the traceback of an internal fault.
    """

    model_config = SettingsConfigDict(env_prefix="PHUSONG_")

    lang: str = "vi"
    debug: bool = False

    @property
    def language(self) -> Language:
        """Language of the command line."""
        return choose_language(self.lang)
