"""Shapes of the documents, for the API description."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """A failure (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str


class Share(BaseModel):
    """How much of a denominator is served; area in square kilometres."""

    served: float
    total: float
    share: float | None


class Health(BaseModel):
    """Whether the server can answer."""

    status: str
    version: str
    state: str
    run: str | None


class Hit(BaseModel):
    """Something found by the search."""

    type: str
    id: str
    name: str
    context: str | None
    lon: float
    lat: float
    bbox: list[float] | None
    former: str | None


class Found(BaseModel):
    """What the search found, best first."""

    results: list[Hit]


class PointServer(BaseModel):
    """A cell received at a place."""

    cell_id: str
    frequency_mhz: float
    rsrp_dbm: float


class IndoorLevel(BaseModel):
    """Whether the best server would do inside a class of buildings, after the loss of entering them."""

    is_served: bool | None
    entry_loss_db: float | None


class PointLevel(BaseModel):
    """What one operator and technology gives at a place: figures of its best server, null without one."""

    operator: str
    technology: str
    rsrp_dbm: float | None
    sinr_db: float | None
    rsrq_db: float | None
    is_served: bool
    cell_id: str | None
    site_id: str | None
    frequency_mhz: float | None
    distance_m: float | None
    bearing_deg: float | None
    site_lon: float | None
    site_lat: float | None
    required_dbm: float | None
    location_probability: float | None
    throughput_mbit_s: float | None
    uplink_margin_db: float | None
    servers: list[PointServer]
    servers_above_threshold: int
    indoor: dict[str, IndoorLevel]


class PointReading(BaseModel):
    """What is known about a place."""

    lon: float
    lat: float
    elevation_m: float | None
    is_inside: bool
    commune_code: str | None
    commune_name: str | None
    layers: list[PointLevel]
    method: dict[str, Any] | None


class Obstruction(BaseModel):
    """The terrain that stands highest in the way."""

    distance_m: float
    excess_m: float
    loss_db: float


class Edge(BaseModel):
    """An edge that a string pulled taut over the ground rests on; the distance is from the transmitter."""

    distance_m: float
    height_m: float
    excess_m: float
    nu: float
    loss_db: float


class ProfileReading(BaseModel):
    """Terrain and loss between a cell and a place; arrays run from the mast to the place."""

    cell_id: str
    site_id: str
    operator: str
    technology: str
    frequency_mhz: float
    antenna_height_m: float
    receiver_height_m: float
    distance_m: list[float]
    ground_m: list[float]
    sight_m: list[float]
    fresnel_lower_m: list[float]
    fresnel_upper_m: list[float]
    lon: list[float]
    lat: list[float]
    loss_db: dict[str, float]
    edges: list[Edge]
    pattern_loss_db: float
    eirp_per_re_dbm: float
    rsrp_dbm: float | None
    threshold_dbm: float
    required_dbm: float
    is_served: bool
    obstruction: Obstruction | None
    method: dict[str, Any]


class FootprintDirection(BaseModel):
    """One direction: the farthest place served and what ends service there."""

    azimuth_deg: float
    served_to_m: float
    ends_at_m: float
    ended_by: str


class FootprintReading(BaseModel):
    """Reach of a cell by its own level; causes are threshold, terrain, radius, no_data and grid_edge."""

    cell_id: str
    site_id: str
    operator: str
    technology: str
    frequency_mhz: float
    antenna_height_m: float
    azimuth_deg: float | None
    lon: float
    lat: float
    threshold_dbm: float
    required_dbm: float
    radius_m: float
    model: str
    mode: str
    directions: list[FootprintDirection]
    shares: dict[str, float]
    served_km2: float
    farthest_km: float
    is_radius_limited: bool
    outline: list[list[float]]
    causes: dict[str, str]
    method: dict[str, Any]


class DistributionReading(BaseModel):
    """People, homes and land by code of a signal layer; place k holds what has code k or a higher one."""

    id: str
    kind: str
    people: list[float] | None
    households: list[float] | None
    area_km2: list[float]
    totals: dict[str, float | None]
    zero_code: int | None = None
    codes_per_db: int | None = None
    threshold_dbm: float | None = None
    required_dbm: float | None = None
    method: dict[str, Any]


class PathEnd(BaseModel):
    """An end of a path."""

    lon: float
    lat: float
    height_m: float


class PathReading(BaseModel):
    """Terrain and loss between two points; arrays run from the first to the second."""

    distance_m: list[float]
    ground_m: list[float]
    sight_m: list[float]
    fresnel_lower_m: list[float]
    fresnel_upper_m: list[float]
    lon: list[float]
    lat: list[float]
    loss_db: dict[str, float]
    edges: list[Edge]
    frequency_mhz: float
    without_obstacles_db: float
    obstruction: Obstruction | None
    ends: list[PathEnd]
    method: dict[str, Any]


class ReasonReading(BaseModel):
    """Why a place has no service, as it is told of villages; the reason is null where it is served."""

    is_served: bool
    technologies: list[str]
    reason: dict[str, Any] | None
    nearest: list[dict[str, Any]]
    method: dict[str, Any]


class ClusterReading(BaseModel):
    """The unserved homes of a village and the mast that is strongest at the largest cluster of them."""

    village_id: str
    technologies: list[str]
    households_unserved: float | None
    people_unserved: float
    unserved: dict[str, Any] | None
    cluster: dict[str, Any] | None
    households: float | None
    people: float | None
    place: dict[str, float] | None
    strongest: dict[str, Any] | None
    reason: dict[str, Any] | None
    nearest: list[dict[str, Any]] | None = None
    method: dict[str, Any]
