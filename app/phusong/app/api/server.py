"""Serving a study with uvicorn."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path

import rasterio
import uvicorn

from phusong.app.api.main import create_app
from phusong.coverage.errors import StudyError

RASTER_CACHE_MB = 48
"""GDAL would take a twentieth of the machine's memory, and every thread fills it with blocks of its own."""
WAITING_CONNECTIONS = 1024


def serve(
    study_path: Path | str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    announce: Callable[[str], None] = lambda _url: None,
    static_dir: Path | None = None,
) -> None:
    """Serve a study until interrupted (Ctrl-C or SIGTERM), letting running answers finish.

    Parameters
    ----------
    study_path : Path
        Folder of the study.
    host : str
        Address to listen on.
    port : int
        Port to listen on; 0 takes a free one.
    announce : callable
        Called with the address as soon as connections are accepted.
    static_dir : Path or None
        The built page; None takes the one in the package.

    Raises
    ------
    NotFoundError, StudyError
        When the folder is no study; ``port_taken`` when somebody listens there already, ``host_unusable``
        when the host cannot be listened on.
    """
    # Around everything, because GDAL asks for the size of its cache once.
    with rasterio.Env(GDAL_CACHEMAX=RASTER_CACHE_MB), _listen(host, port) as listener:
        app = create_app(study_path, static_dir=static_dir)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
        announce(_address(host, listener.getsockname()[1]))
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn hands the signal on after it has shut down
            return


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StudyError("host_unusable", host=host, port=port) from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(WAITING_CONNECTIONS)
    except OSError as error:
        listener.close()
        code = "port_taken" if error.errno == errno.EADDRINUSE else "host_unusable"
        raise StudyError(code, host=host, port=port) from error
    return listener


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", ""} else "[::1]" if host == "::" else host  # noqa: S104
    return f"http://{shown}:{port}"
