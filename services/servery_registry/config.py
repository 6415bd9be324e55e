"""Settings of the registry."""

import json
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from servery_kit.config import Settings
from servery_kit.urls import DATABASES, of_scheme

_BLOB_STORES = ("file", "memory", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "http", "https")


class Config(Settings):
    """Where the registry listens, and where it keeps what it is told."""

    model_config = SettingsConfigDict(env_prefix="SERVERY_REGISTRY_")

    bind: str = Field("127.0.0.1:8081", description="Address to listen on, host:port.")
    database_url: str = Field(
        "", description="postgresql+asyncpg://user:password@host/database; empty: registry.db in the home."
    )
    blob_url: str = Field("", description="s3://bucket/prefix, or file:///folder. Empty: the folder blobs in the home.")
    blob_options: Annotated[dict[str, str], NoDecode] = Field(
        {},
        repr=False,  # holds keys, so it is never shown
        description="Options of the object store, a JSON object of strings; over what AWS_… variables say.",
    )

    gc_interval_s: float = Field(
        3600.0, ge=0, le=366 * 86400, description="Seconds between two collections of garbage; 0: none by itself."
    )
    gc_grace_s: float = Field(
        86400.0, ge=0, le=366 * 86400, description="Seconds for which garbage is left in peace after it was written."
    )

    scan_bytes: int = Field(256 * 1024**2, ge=0, description="Largest file that is scanned for code, in bytes.")
    scan_s: float = Field(
        8.0, gt=0, le=600, description="Seconds a scan of a version for code may take; the rest goes unscanned."
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return of_scheme(value, DATABASES)

    @field_validator("blob_url")
    @classmethod
    def _blobs(cls, value: str) -> str:
        return of_scheme(value, _BLOB_STORES)

    @field_validator("blob_options", mode="before")
    @classmethod
    def _options(cls, value: Any) -> Any:
        try:
            return (json.loads(value) if value else {}) if isinstance(value, str) else value
        except json.JSONDecodeError:
            raise ValueError(
                'must be a JSON object of strings, such as {"endpoint": "http://127.0.0.1:9000"}'
            ) from None

    @property
    def database(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home / 'registry.db'}"

    @property
    def blobs(self) -> str:
        """URL of the blob store."""
        return self.blob_url or (self.home / "blobs").as_uri()
