"""The Serving service, wired."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import servery.serving.v1 as pb
from servery.serving.v1 import deployment_service_pb2, node_service_pb2
from servery_kit.interceptors import standard
from servery_kit.process import until_signalled
from servery_kit.server import Running, Service, running
from servery_kit.sql import database
from servery_kit.urls import shown
from servery_serving.adapters.catalog import registry_catalog
from servery_serving.adapters.clock import SystemClock
from servery_serving.adapters.probe import inference_probe
from servery_serving.adapters.sql import MIGRATIONS
from servery_serving.adapters.sql.store import SqlStore
from servery_serving.api.deployments import DeploymentServicer
from servery_serving.api.nodes import NodeServicer
from servery_serving.app.changes import Changes
from servery_serving.app.deployments import Wishes
from servery_serving.app.nodes import Nodes
from servery_serving.app.pinning import Pinning
from servery_serving.app.reconciler import Reconciler
from servery_serving.config import Config
from servery_serving.domain.node import Lease
from servery_serving.domain.placement import Everywhere

log = logging.getLogger(__name__)


async def main(config: Config) -> None:
    """Serve until the process is signalled."""
    async with serving(config):
        await until_signalled()


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Running]:
    """The whole service, until the block is left."""
    clock = SystemClock()
    changes = Changes()
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(database(config.url, MIGRATIONS))
        log.info("database: %s", shown(config.url))
        catalog = await stack.enter_async_context(registry_catalog(config.registry_address))
        probe = await stack.enter_async_context(inference_probe())
        store = SqlStore(engine)
        pinning = Pinning(store=store, catalog=catalog, changes=changes)
        wishes = Wishes(store=store, catalog=catalog, pinning=pinning, changes=changes, clock=clock)
        lease = Lease(config.report_interval_s)
        nodes = Nodes(lease=lease, placement=Everywhere(), clock=clock, changes=changes)
        reconciler = Reconciler(store=store, nodes=nodes, probe=probe, changes=changes, clock=clock)
        await stack.enter_async_context(reconciler.running())
        await stack.enter_async_context(pinning.running())
        services = [deployment_service(wishes), node_service(nodes)]
        server = await stack.enter_async_context(running(config.bind, services, standard(), drain_s=config.drain_s))
        # Left first, before the server drains: streams have no end of their own, and draining would wait for them.
        stack.callback(changes.close)
        yield server


def deployment_service(wishes: Wishes) -> Service:
    """DeploymentService, ready to be served."""
    servicer = DeploymentServicer(wishes)
    return Service(
        deployment_service_pb2.DESCRIPTOR.services_by_name["DeploymentService"],
        lambda server: pb.add_DeploymentServiceServicer_to_server(servicer, server),
    )


def node_service(nodes: Nodes) -> Service:
    """NodeService, ready to be served."""
    servicer = NodeServicer(nodes)
    return Service(
        node_service_pb2.DESCRIPTOR.services_by_name["NodeService"],
        lambda server: pb.add_NodeServiceServicer_to_server(servicer, server),
    )
