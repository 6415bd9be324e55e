"""ModelService: check, convert, call, convert."""

from typing import Any

import servery.registry.v1 as pb
from servery_kit.auth import principal
from servery_registry.api import checks, convert, windows
from servery_registry.api.masks import masked
from servery_registry.app.models import ModelUseCases


class ModelServicer(pb.ModelServiceServicer):
    def __init__(self, models: ModelUseCases) -> None:
        self._models = models

    async def CreateModel(self, request: pb.CreateModelRequest, context: Any) -> pb.CreateModelResponse:
        checks.create_model(request)
        model = await self._models.create(
            convert.new_model_from_proto(request), creator=principal.get().name, request_id=request.request_id.lower()
        )
        return pb.CreateModelResponse(model=convert.model_to_proto(model))

    async def GetModel(self, request: pb.GetModelRequest, context: Any) -> pb.GetModelResponse:
        checks.get_model(request)
        model = await self._models.get(convert.project_from_proto(request.project), request.name)
        return pb.GetModelResponse(model=convert.model_to_proto(model))

    async def UpdateModel(self, request: pb.UpdateModelRequest, context: Any) -> pb.UpdateModelResponse:
        checks.update_model(request)
        fields = masked(request.update_mask, request.model, checks.MODEL_UPDATABLE)
        model = await self._models.update(
            convert.project_from_proto(request.model.project),
            request.model.name,
            description=request.model.description if "description" in fields else None,
            etag=request.model.etag,
        )
        return pb.UpdateModelResponse(model=convert.model_to_proto(model))

    async def ListModels(self, request: pb.ListModelsRequest, context: Any) -> pb.ListModelsResponse:
        checks.list_models(request)
        window = windows.models_window(request)
        project = convert.project_from_proto(request.project)
        found = await self._models.list(project, window, prefix=request.name_prefix)
        messages, shown = windows.fitting(found, convert.model_to_proto)
        return pb.ListModelsResponse(models=messages, next_page_token=windows.models_token(request, shown))

    async def DeleteModel(self, request: pb.DeleteModelRequest, context: Any) -> pb.DeleteModelResponse:
        checks.delete_model(request)
        await self._models.delete(convert.project_from_proto(request.project), request.name)
        return pb.DeleteModelResponse()
