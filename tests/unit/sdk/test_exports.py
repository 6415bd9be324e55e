import subprocess
import sys

import servery
import servery.client
from servery import hsml


def test_the_public_face_is_the_client_s():
    names = sorted(servery.__all__, key=lambda name: (name[0].islower(), name))
    assert servery.__all__ == [*servery.client.__all__, "connection"] == [*names[:-2], "connect", "connection"]
    for name in servery.client.__all__:
        assert getattr(servery, name) is getattr(servery.client, name)
    assert servery.connection is hsml.connection
    assert {*servery.__all__} <= {*dir(servery)}
    assert not hasattr(servery, "nothing")


def test_the_face_of_hsml_is_whole():
    assert {*hsml.__all__} <= {*vars(hsml)}
    assert hsml.Schema is hsml.schema.Schema
    assert hsml.ModelSchema is hsml.model_schema.ModelSchema


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_errors_and_messages_do_not_import_the_client():
    code = "import sys, servery.errors; print('grpc' in sys.modules, 'servery.client' in sys.modules)"
    assert run(code) == "False False"
    assert run("import sys, servery.registry.v1; print('servery.client' in sys.modules)") == "False"


def test_the_client_needs_neither_numpy_nor_the_command_line():
    code = "import sys, servery; servery.connect; print({'numpy', 'typer', 'rich', 'servery_kit'} & {*sys.modules})"
    assert run(code) == "set()"


def test_the_client_imports_beside_tritonclient_in_either_order():
    run("import servery; servery.connect; import tritonclient.grpc")
    run("import tritonclient.grpc; import servery; servery.connect")
