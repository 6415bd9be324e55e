"""kserve's own gRPC client, in an environment of its own."""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferInput, InferRequest

case = json.load(sys.stdin)


async def main() -> None:
    client = InferenceGRPCClient(case["address"], use_ssl=False)
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("iris")
    rows = np.array(case["iris"]["rows"], np.float64)
    for raw in (True, False):
        given = InferInput("input-0", list(rows.shape), "FP64")
        given.set_data_from_numpy(rows, binary_data=raw)
        answer = await client.infer(InferRequest("iris", [given], request_id="k-1"))
        assert answer.outputs[0].as_numpy().tolist() == case["iris"]["answers"], answer
        assert (answer.model_name, answer.id) == ("iris", "k-1"), answer
    rows = np.array(case["digits"]["rows"], np.float32)
    given = InferInput(case["digits"]["input"], list(rows.shape), "FP32")
    given.set_data_from_numpy(rows, binary_data=True)
    answer = await client.infer(InferRequest("digits", [given]))
    assert answer.outputs[0].as_numpy().tolist() == case["digits"]["answers"], answer
    await client.close()


asyncio.run(main())
assert not [name for name in sys.modules if name.startswith("servery")]
print("all as it should be")
