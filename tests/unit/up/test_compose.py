"""docker-compose.yml against the code: no engine is needed to see that it names what there is."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from servery_kit.config import variable

ROOT = Path(__file__).parents[3]
SERVICES = ("registry", "serving", "inference")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def settings(name):
    kind = import_module(f"servery_{name}.config").Config
    return {variable(kind, field): field for field in kind.model_fields}


def test_it_has_all_services_and_a_volume_for_each(compose):
    assert tuple(compose["services"]) == SERVICES
    assert [compose["services"][name]["volumes"] for name in SERVICES] == [[f"{name}:/data"] for name in SERVICES]
    assert set(compose["volumes"]) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_the_command_is_a_module_that_can_be_run(compose, name):
    python, flag, module = compose["services"][name]["command"]
    assert (python, flag) == ("python", "-m")
    assert find_spec(f"{module}.__main__") is not None


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_a_setting_of_that_service(compose, name):
    assert set(compose["services"][name]["environment"]) <= set(settings(name))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_told_where_the_others_are(compose, name):
    told = compose["services"][name]["environment"]
    for variable_name, field in settings(name).items():
        other = field.removesuffix("_address")
        if field.endswith("_address") and other in SERVICES:
            assert told[variable_name] == f"{other}:{port(compose, other)}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_published_on_this_machine_alone_and_checked(compose, name):
    number = port(compose, name)
    assert compose["services"][name]["ports"] == [f"127.0.0.1:{number}:{number}"]
    assert compose["services"][name]["healthcheck"]["test"] == [
        *("CMD", "python", "-m", "servery_kit.healthcheck"),
        f"127.0.0.1:{number}",
    ]
    assert find_spec("servery_kit.healthcheck") is not None


def test_one_image_is_built_from_a_file_that_is_there(compose):
    builds = [compose["services"][name]["build"] for name in SERVICES]
    assert {compose["services"][name]["image"] for name in SERVICES} == {"servery"}
    assert all(build == builds[0] for build in builds)
    assert (ROOT / builds[0]["context"] / builds[0]["dockerfile"]).is_file()


def port(compose, name):
    """What the service binds, from inside and outside of its container."""
    host, _, number = compose["services"][name]["environment"][f"SERVERY_{name.upper()}_BIND"].rpartition(":")
    assert host == "0.0.0.0"
    return number
