"""From exceptions to problem documents (RFC 9457), in the reader's language and without a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from rasterio.errors import RasterioIOError
from starlette.exceptions import HTTPException

from phusong.app.api.guards import ForeignRequestError
from phusong.app.api.headers import SECURITY_HEADERS
from phusong.app.i18n import Language, choose_language, tell_error, translate
from phusong.app.uploading.desk import UploadTooLargeError
from phusong.coverage.errors import InputError, NotFoundError, PhuSongError, StudyError

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (ForeignRequestError, 403),
    (UploadTooLargeError, 413),
    (NotFoundError, 404),
    (StudyError, 409),
    (InputError, 400),
    (PhuSongError, 500),
    (FileNotFoundError, 503),  # a recompute removed what an older answer was being made from
    (RasterioIOError, 503),
)
MEDIA_TYPE = "application/problem+json"
LONGEST_VALUE = 80

_HTTP_CODES: Mapping[int, str] = {404: "path_unknown", 405: "method_not_allowed", 413: "body_large"}
_OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
_OGC_TYPES: Mapping[str, str] = {
    "process_unknown": f"{_OGC}/no-such-process",
    "job_unknown": f"{_OGC}/no-such-job",
    "job_not_ready": f"{_OGC}/result-not-ready",
}
_EXPECTED: Mapping[str, str] = {
    "int_parsing": "integer",
    "int_from_float": "integer",
    "int_parsing_size": "integer",
    "float_parsing": "number",
    "finite_number": "number",
    "missing": "required",
}


def install_error_handlers(app: FastAPI) -> None:
    """Answer every failure of an app with a problem document."""
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    for kind, _ in STATUS:
        app.add_exception_handler(kind, _answer_known)
    app.add_exception_handler(Exception, _answer_fault)


def request_language(request: Request) -> Language:
    """Language of a request: ``?lang=`` first, then ``Accept-Language``, else Vietnamese."""
    return choose_language(request.query_params.get("lang") or request.headers.get("accept-language"))


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - extension members of any JSON type
) -> Response:
    """Make a problem document."""
    language = request_language(request)
    body = {
        "type": _OGC_TYPES.get(code, f"urn:phusong:problem:{code}"),
        "title": translate(f"problems.{status}", language),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.url.path,
        **more,
    }
    own = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**SECURITY_HEADERS, **own, **(headers or {})},
    )


def _answer_known(request: Request, error: Exception) -> Response:
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    if not isinstance(error, PhuSongError):
        structlog.get_logger().warning(
            "study changed during a request", path=request.url.path, error=str(error)
        )
        detail = translate("errors.study_changing", request_language(request))
        return problem(request, status, "study_changing", detail, headers={"Retry-After": "1"})
    return problem(request, status, error.code, tell_error(error, request_language(request)))


def _answer_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _HTTP_CODES.get(status, "http_error")
    detail = translate(
        f"errors.{code}", request_language(request), path=_short(request.url.path), method=request.method
    )
    return problem(request, status, code, detail, headers=getattr(error, "headers", None))


def _answer_validation(request: Request, error: Exception) -> Response:
    language = request_language(request)
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    told = [_parameter_fault(fault, language) for fault in faults]
    detail = " ".join(translate("errors.parameter_invalid", language, **fault) for fault in told)
    return problem(request, 400, "parameter_invalid", detail, parameters=told)


def _parameter_fault(fault: Mapping[str, Any], language: Language) -> dict[str, str]:
    context = fault.get("ctx") or {}
    limits = [f"{sign} {context[name]}" for name, sign in _SIGNS if name in context]
    allowed = ", ".join(limits) or str(context.get("expected") or context.get("pattern") or "")
    if not allowed:
        allowed = translate(f"parameters.{_EXPECTED.get(fault['type'], 'valid')}", language)
    name = fault["loc"][-1] if fault["loc"] else ""
    value = "" if fault["type"] == "missing" else _short(str(fault.get("input", "")))
    return {"name": str(name), "value": value, "allowed": allowed}


_SIGNS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"), ("max_length", "≤"), ("min_length", "≥"))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _answer_fault(request: Request, error: Exception) -> Response:
    structlog.get_logger().error("request failed", path=request.url.path, error=repr(error))
    return problem(
        request, 500, "internal_fault", translate("errors.internal_fault", request_language(request))
    )
