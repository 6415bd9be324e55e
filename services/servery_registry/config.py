"""Settings of the registry."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from servery_kit.config import Settings

_DATABASES = ("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg")
_BLOB_STORES = ("file", "memory", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "http", "https")


class Config(Settings):
    """Where the registry listens, and where it keeps what it is told."""

    model_config = SettingsConfigDict(env_prefix="SERVERY_REGISTRY_")

    bind: str = Field("127.0.0.1:8081", description="Address to listen on, host:port.")
    database_url: str = Field("", description="SQLAlchemy URL. Empty: registry.db in the home, with SQLite.")
    blob_url: str = Field("", description="Object store, or file:///folder. Empty: the folder blobs in the home.")

    scan_bytes: int = Field(256 * 1024**2, ge=0, description="Largest file that is scanned for code, in bytes.")
    scan_s: float = Field(
        8.0, gt=0, le=600, description="Seconds a scan of a version for code may take; the rest goes unscanned."
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return _of_scheme(value, _DATABASES)

    @field_validator("blob_url")
    @classmethod
    def _blobs(cls, value: str) -> str:
        return _of_scheme(value, _BLOB_STORES)

    @property
    def database(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home / 'registry.db'}"

    @property
    def blobs(self) -> str:
        """URL of the blob store."""
        return self.blob_url or (self.home / "blobs").as_uri()


def _of_scheme(url: str, schemes: tuple[str, ...]) -> str:
    if url and urlsplit(url).scheme not in schemes:
        raise ValueError(f"must be a URL that begins with one of {', '.join(f'{each}://' for each in schemes)}")
    return url
