# SPDX-License-Identifier: GPL-3.0-or-later
"""Areas on the ground from GeoJSON (RFC 7946): countries, regions, cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from ..errors import InputError, describe
from ..network.fields import read_json
from .verification_geometry import places_around

MOST_POINTS = 1_000_000
_SAMPLES = 4000
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
_HOLDERS = {"FeatureCollection": "features", "GeometryCollection": "geometries"}


@dataclass(frozen=True)
class Area:
    """Polygons in longitude and latitude (degrees); edges are straight there, as RFC 7946 has it."""

    name: str
    shape: Any
    """A shapely geometry."""

    def contains(self, latitude_deg, longitude_deg) -> np.ndarray:
        """Whether each place [n] is inside; one on the border is."""
        return shapely.intersects_xy(
            self.shape, np.asarray(longitude_deg, dtype=float), np.asarray(latitude_deg, dtype=float)
        )

    def probability(self, geodetic: tuple[float, float, float], covariance_m2: np.ndarray) -> float:
        """Probability that a Gaussian place lies inside, from 4000 places that share it evenly.

        Parameters
        ----------
        geodetic : latitude, longitude (degrees), height
            Its mean.
        covariance_m2 : array [2, 2]
            Of east and north.
        """
        return float(np.mean(self.contains(*_spread(geodetic[0], geodetic[1], covariance_m2))))


def _spread(
    latitude_deg: float, longitude_deg: float, covariance_m2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of places of equal probability: a sunflower of Rayleigh radii, on a sphere."""
    index = np.arange(_SAMPLES) + 0.5
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - index / _SAMPLES)), index * _GOLDEN_ANGLE
    variance, axes = np.linalg.eigh(covariance_m2)
    east, north = axes @ (
        np.sqrt(np.maximum(variance, 0.0))[:, None] * radius * [np.cos(angle), np.sin(angle)]
    )
    return places_around(latitude_deg, longitude_deg, np.stack([east, north], axis=-1))


def load_area(path: str | Path) -> Area:
    """All polygons of a GeoJSON file: a geometry, a feature, or a collection of them.

    Raises
    ------
    InputError
        Unreadable, no polygon in it, or coordinates that are none.
    """
    found = read_json(path)
    names: list[str] = []
    polygons: list[Any] = []
    _collect(found, str(path), "", names, polygons)
    if not polygons:
        raise InputError(path, "type", "has no polygon", "GeoJSON with a Polygon or MultiPolygon")
    return Area(names[0] if len(names) == 1 else Path(path).stem, shapely.union_all(polygons))


def _collect(value: Any, path: str, where: str, names: list[str], polygons: list[Any]) -> None:
    """Append the polygons (and the features' names) of one GeoJSON object."""
    if not isinstance(value, dict):
        raise InputError(path, where or "file", f"is {describe(value)}", "a GeoJSON object")
    kind = value.get("type")
    if kind in _HOLDERS:
        items = value.get(_HOLDERS[kind])
        if not isinstance(items, list):
            raise InputError(path, where + _HOLDERS[kind], f"is {describe(items)}", "a list")
        for number, item in enumerate(items):
            _collect(item, path, f"{where}{_HOLDERS[kind]}[{number}].", names, polygons)
    elif kind == "Feature":
        properties = value.get("properties")
        name = properties.get("name") if isinstance(properties, dict) else None
        names += [name] if isinstance(name, str) and name else []
        _collect(value.get("geometry"), path, where + "geometry.", names, polygons)
    elif kind in ("Polygon", "MultiPolygon"):
        rings = value.get("coordinates")
        for number, polygon in enumerate([rings] if kind == "Polygon" else _list(rings, path, where)):
            polygons.append(
                _polygon(polygon, path, f"{where}coordinates" + (f"[{number}]" if kind != "Polygon" else ""))
            )
    elif kind not in ("Point", "MultiPoint", "LineString", "MultiLineString"):
        raise InputError(path, where + "type", f"is {describe(kind)}", "a type of GeoJSON object")


def _list(value: Any, path: str, where: str) -> list:
    if not isinstance(value, list) or not value:
        raise InputError(path, where + "coordinates", f"is {describe(value)}", "a list of rings")
    return value


def _polygon(rings: Any, path: str, where: str) -> Any:
    """A polygon from its rings: the outside, then holes."""
    read = [
        _ring(ring, path, f"{where}[{number}]") for number, ring in enumerate(_list(rings, path, where + "."))
    ]
    polygon = shapely.Polygon(read[0], read[1:])
    if not polygon.is_valid:
        raise InputError(path, where, shapely.is_valid_reason(polygon), "rings that do not cross")
    return polygon


def _ring(ring: Any, path: str, where: str) -> np.ndarray:
    """Longitudes and latitudes [n, 2]."""
    allowed = "4 or more positions [longitude -180 to 180, latitude -90 to 90], the last the first again"
    if not isinstance(ring, list) or not all(_is_position(position) for position in ring):
        raise InputError(path, where, f"is {describe(ring)}", allowed)
    if len(ring) > MOST_POINTS:
        raise InputError(path, where, f"has {len(ring)} positions", f"up to {MOST_POINTS}")
    found = np.array([position[:2] for position in ring], dtype=float).reshape(-1, 2)
    closed = len(found) >= 4 and np.array_equal(found[0], found[-1])
    if not closed or not np.all(np.abs(found) <= [180.0, 90.0]):
        raise InputError(path, where, f"is {describe(ring)}", allowed)
    return found


def _is_position(value: Any) -> bool:
    """Whether a value is a list of two numbers or more."""
    return isinstance(value, list) and len(value) >= 2 and all(type(x) in (int, float) for x in value[:2])
