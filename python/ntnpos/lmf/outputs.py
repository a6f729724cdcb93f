# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixes for maps: GeoJSON (RFC 7946) and KML 2.2, with ellipses of a stated probability."""

from __future__ import annotations

import math
import xml.etree.ElementTree as xml
from typing import Any, Iterable, Iterator

import numpy as np
import shapely
from shapely.geometry.polygon import orient

from ..position.geometry import error_ellipse, to_local
from ..world.frames import ecef_to_geodetic, enu_rotation

PROBABILITY = 0.95
_POINTS = 72
_KML = "http://www.opengis.net/kml/2.2"
_STYLES = {"fix": "ff00a000", "candidate": "ff0080ff", "claim": "ffff0000"}  # aabbggrr


def ellipse_ring(ecef_m: list[float], covariance_ecef_m2: list[list[float]], probability: float = PROBABILITY,
                 points: int = _POINTS) -> np.ndarray:
    """Points [points, 2] (longitude, latitude; degrees) of the ellipse in which the place is with that probability.

    Counter-clockwise seen from above, not closed; longitudes may pass +-180, one point differing from the next
    by under 180. The ellipse is drawn in the tangent plane at the place.
    """
    place = np.asarray(ecef_m, dtype=float)
    latitude, longitude, _ = ecef_to_geodetic(place)
    major, minor, azimuth = error_ellipse(to_local(covariance_ecef_m2, ecef_m))
    scale = math.sqrt(-2.0 * math.log1p(-probability))  # radius of a Rayleigh variable
    turn = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    along, across = scale * major * np.cos(turn), scale * minor * np.sin(turn)
    angle = math.radians(azimuth)
    east = along * math.sin(angle) - across * math.cos(angle)
    north = along * math.cos(angle) + across * math.sin(angle)
    local = np.stack([east, north, np.zeros(points)], axis=1)
    around = place + local @ enu_rotation(float(latitude), float(longitude))
    lat, lon, _ = ecef_to_geodetic(around)
    return np.stack([np.degrees(np.unwrap(np.radians(lon))), lat], axis=1)


def polygons(ring: np.ndarray) -> list[list[list[float]]]:
    """Closed rings [lon, lat] that cover the inside of `ring`: cut at the antimeridian (RFC 7946, 3.1.9).

    A ring about a pole is closed along the pole.
    """
    longitude, latitude = ring[:, 0], ring[:, 1]
    first_again = longitude[0] + 360.0 * round((longitude[-1] - longitude[0]) / 360.0)
    if abs(first_again - longitude[0]) > 180.0:
        pole = math.copysign(90.0, latitude.mean())
        ring = np.vstack([ring, [first_again, latitude[0]], [first_again, pole], [longitude[0], pole]])
    shift = 360.0 * math.floor((ring[:, 0].min() + 180.0) / 360.0)
    ring = ring - [shift, 0.0]
    found = []
    for turn in range(2 + int(np.ptp(ring[:, 0]) // 360.0)):
        world = shapely.box(-180.0 + 360.0 * turn, -90.0, 180.0 + 360.0 * turn, 90.0)
        for part in shapely.get_parts(shapely.intersection(shapely.Polygon(ring), world)):
            if part.area > 0.0:
                corners = shapely.get_coordinates(orient(part).exterior)
                found.append((corners - [360.0 * turn, 0.0]).tolist())
    return found


def features(fixes: Iterable[dict[str, Any]], claims: Iterable[dict[str, Any]] = (),
             probability: float = PROBABILITY) -> Iterator[dict[str, Any]]:
    """GeoJSON features: place and ellipse of each fix and of each of its candidates; the claim of each verdict.

    Parameters
    ----------
    fixes : iterable of dict
        Fix lines; those without a place give nothing.
    claims : iterable of dict
        Verdict lines.
    probability : float
        That the place is in its ellipse.
    """
    for fix in fixes:
        shared = {name: fix.get(name) for name in ("ue", "t_s", "method", "status", "reason")}
        for kind, place in [("fix", fix), *(("candidate", candidate) for candidate in fix["candidates"])]:
            if place.get("ecef_m") is None:
                continue
            latitude, longitude, height = map(float, ecef_to_geodetic(np.array(place["ecef_m"])))
            values = {"kind": kind, **shared, "horizontal_std_m": place.get("horizontal_std_m"),
                      "chi2": place.get("chi2")}
            yield _feature({"type": "Point", "coordinates": [longitude, latitude, height]}, values)
            if place.get("covariance_ecef_m2") is not None:
                rings = polygons(ellipse_ring(place["ecef_m"], place["covariance_ecef_m2"], probability))
                yield _feature({"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]},
                               {"kind": f"{kind} ellipse", **shared, "probability": probability})
    for verdict in claims:
        claim = verdict["claim"]
        values = {name: verdict.get(name) for name in ("ue", "level", "verdict", "reason")}
        yield _feature({"type": "Point", "coordinates": [claim["longitude_deg"], claim["latitude_deg"]]},
                       {"kind": "claim"} | values)


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def geojson(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(found)}


def kml(found: Iterable[dict[str, Any]], title: str = "ntnpos") -> str:
    """The same features as a KML document: a folder for each UE, a colour for each kind."""
    xml.register_namespace("", _KML)
    root = xml.Element(f"{{{_KML}}}kml")
    document = _child(root, "Document")
    _child(document, "name", title)
    for kind, colour in _STYLES.items():
        style = _child(document, "Style", id=kind)
        _child(_child(style, "IconStyle"), "color", colour)
        _child(_child(style, "LineStyle"), "color", colour)
        _child(_child(style, "PolyStyle"), "color", "40" + colour[2:])
    folders: dict[str, xml.Element] = {}
    for feature in found:
        values = feature["properties"]
        ue = str(values.get("ue"))
        if ue not in folders:
            folders[ue] = _child(document, "Folder")
            _child(folders[ue], "name", ue)
        place = _child(folders[ue], "Placemark")
        _child(place, "name", f"{ue}: {values['kind']}")
        _child(place, "description", ", ".join(f"{name} {value}" for name, value in values.items()
                                               if name not in ("kind", "ue") and value is not None))
        _child(place, "styleUrl", "#" + values["kind"].split()[0])
        _geometry(place, feature["geometry"])
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _geometry(place: xml.Element, geometry: dict[str, Any]) -> None:
    if geometry["type"] == "Point":
        _child(_child(place, "Point"), "coordinates", _coordinates([geometry["coordinates"]]))
        return
    many = _child(place, "MultiGeometry")
    for (ring,) in geometry["coordinates"]:
        boundary = _child(_child(_child(many, "Polygon"), "outerBoundaryIs"), "LinearRing")
        _child(boundary, "coordinates", _coordinates(ring))


def _coordinates(points: list[list[float]]) -> str:
    return " ".join(",".join(repr(float(value)) for value in point) for point in points)


def _child(parent: xml.Element, name: str, text: str | None = None, **attributes: str) -> xml.Element:
    found = xml.SubElement(parent, f"{{{_KML}}}{name}", attributes)
    found.text = text
    return found
