"""tritonclient, asyncio, as a process of its own: many requests at once, deadlines, cancellation."""

import asyncio
import json
import sys

import numpy as np
import tritonclient.grpc.aio as triton
from tritonclient.utils import InferenceServerException

case = json.load(sys.stdin)


async def main() -> None:
    async with triton.InferenceServerClient(case["address"]) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("iris")
        assert (await client.get_model_metadata("digits")).platform == "onnxruntime_onnx"
        rows = np.array(case["iris"]["rows"], np.float64)

        async def ask(index: int) -> int:
            given = triton.InferInput("input-0", [1, 4], "FP64")
            given.set_data_from_numpy(rows[index : index + 1])
            answer = await client.infer("iris", [given], request_id=str(index))
            assert answer.get_response().id == str(index)
            return int(answer.as_numpy("predict")[0])

        answers = await asyncio.gather(*(ask(index % len(rows)) for index in range(200)))
        assert answers == [case["iris"]["answers"][index % len(rows)] for index in range(200)]

        given = triton.InferInput("input-0", [1, 4], "FP64")
        given.set_data_from_numpy(rows[:1])
        try:
            await client.infer("iris", [given], client_timeout=0.000001)
        except InferenceServerException as error:
            assert error.status() == "StatusCode.DEADLINE_EXCEEDED", error.status()
        else:
            raise AssertionError("a microsecond was enough")
        task = asyncio.ensure_future(client.infer("iris", [given]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await ask(0) == case["iris"]["answers"][0]


asyncio.run(main())
assert not [name for name in sys.modules if name.startswith("servery")]
print("all as it should be")
