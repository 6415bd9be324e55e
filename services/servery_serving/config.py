"""Settings of the Serving service: SERVERY_SERVING_*."""

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from servery_kit.config import Settings
from servery_kit.urls import DATABASES, of_scheme


class Config(Settings):
    """What the Serving service can be told."""

    model_config = SettingsConfigDict(env_prefix="SERVERY_SERVING_", frozen=True, extra="forbid")

    bind: str = Field("127.0.0.1:8082", description="host:port to listen on.")
    database_url: str = Field(
        "", description="postgresql+asyncpg://user:password@host/database; empty: serving.db in the home."
    )
    registry_address: str = Field("127.0.0.1:8081", description="host:port of the Registry service.")
    report_interval_s: float = Field(
        2.0,
        gt=0,
        le=3600,
        description="Nodes report at least this often, in seconds; after three times that they are gone.",
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return of_scheme(value, DATABASES)

    @property
    def url(self) -> str:
        """URL of the database, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home / 'serving.db'}"
