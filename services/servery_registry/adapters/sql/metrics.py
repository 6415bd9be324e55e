"""Metrics of versions in SQL."""

from collections.abc import Collection

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.tables import MetricRow
from servery_registry.domain.version import Version


async def metrics_of(session: AsyncSession, version_ids: Collection[str]) -> dict[str, dict[str, float]]:
    """For each version, whether it has some or none, its metrics by name."""
    found: dict[str, dict[str, float]] = {version_id: {} for version_id in version_ids}
    query = select(MetricRow.version_id, MetricRow.name, MetricRow.value)
    if found:
        for version_id, name, value in await session.execute(query.where(col(MetricRow.version_id).in_(found))):
            found[version_id][name] = value
    return found


async def put_metrics(session: AsyncSession, version: Version) -> None:
    """Write the metrics of a version in the place of those it had. Mostly they are as they were."""
    if (await metrics_of(session, [version.id]))[version.id] == version.metrics:
        return
    await session.execute(delete(MetricRow).where(col(MetricRow.version_id) == version.id))
    rows = [
        {
            "version_id": version.id,
            "name": name,
            "value": float(value),
            "project": version.project,
            "model": version.model,
            "number": version.number,
        }
        for name, value in version.metrics.items()
    ]
    if rows:
        await session.execute(insert(MetricRow), rows)
