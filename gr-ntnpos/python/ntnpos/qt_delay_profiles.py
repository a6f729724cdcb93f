# SPDX-License-Identifier: GPL-3.0-or-later
"""Live display of delay profiles with the first path, in a Qt window.

Imported only where it is used: the rest of gnuradio.ntnpos needs no Qt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pmt
from gnuradio import gr
from PyQt5 import QtCore, QtWidgets  # before pyqtgraph, which takes the Qt that is there

import pyqtgraph  # isort: skip

_IN = pmt.intern("meas")
_FINER = 8  # points drawn for each point of a profile
_FLOOR_DB = -60.0
CURVE, QUIET, FIRST_PATH, AXIS, WINDOW = "#1f5fa8", "#999999", "#d01010", "#404040", (46, 139, 87, 30)


@dataclass(frozen=True)
class reading:
    """One `meas` message of kind toa that has a profile."""

    satellite: str
    status: str
    delay_s: np.ndarray
    """[n], evenly spaced."""
    level_db: np.ndarray
    """[n], magnitude below the largest, -60 at the least."""
    window_s: tuple[float, float]
    toa_s: float | None
    toa_std_s: float | None
    snr_db: float | None
    doppler_hz: float | None

    @property
    def predicted_s(self) -> float:
        """Middle of the delays that were searched."""
        return 0.5 * (self.window_s[0] + self.window_s[1])

    def text(self) -> str:
        """What was measured, in a line."""
        if self.toa_s is None:
            return f"{self.satellite}: {self.status.replace('_', ' ')}"
        parts = [f"{self.satellite}: toa {1e6 * self.toa_s:.4f} µs"]
        if self.toa_std_s is not None:
            parts[0] += f" ± {1e9 * self.toa_std_s:.1f} ns"
        if self.snr_db is not None:
            parts.append(f"SNR {self.snr_db:.1f} dB")
        if self.doppler_hz is not None:
            parts.append(f"Doppler {self.doppler_hz:.0f} Hz")
        return ", ".join(parts)


def _number(value) -> float | None:
    """A finite number, or None."""
    if not pmt.is_number(value) or pmt.is_complex(value):
        return None
    number = pmt.to_double(value)
    return number if math.isfinite(number) else None


def _level_db(profile: np.ndarray) -> np.ndarray:
    """Magnitude of a profile [n] between its points too, [8 n], in dB below the largest."""
    n = len(profile)
    spectrum = np.fft.fftshift(np.fft.fft(profile))
    finer = np.zeros(_FINER * n, complex)
    start = _FINER * n // 2 - n // 2
    finer[start : start + n] = spectrum
    power = np.abs(np.fft.ifft(np.fft.ifftshift(finer))) ** 2
    largest = power.max()
    if not largest > 0.0:
        return np.full(len(power), _FLOOR_DB)
    return np.maximum(10.0 * np.log10(np.maximum(power / largest, 1e-30)), _FLOOR_DB)


def read(message) -> reading | None:
    """A message as what is drawn, or None where it is no measurement with a profile."""
    if not pmt.is_dict(message):
        return None

    def member(name):
        return pmt.dict_ref(message, pmt.intern(name), pmt.PMT_NIL)

    satellite, status, values = member("satellite"), member("status"), member("profile")
    start, step, low, high = (
        _number(member(n)) for n in ("profile_start_s", "profile_step_s", "window_min_s", "window_max_s")
    )
    if not (pmt.is_symbol(satellite) and pmt.is_symbol(status) and pmt.is_c32vector(values)):
        return None
    profile = np.array(pmt.c32vector_elements(values))
    if None in (start, step, low, high) or step <= 0.0 or not len(profile) or not np.isfinite(profile).all():
        return None
    level_db = _level_db(profile)
    return reading(
        pmt.symbol_to_string(satellite),
        pmt.symbol_to_string(status),
        start + step / _FINER * np.arange(len(level_db)),
        level_db,
        (low, high),
        *(_number(member(name)) for name in ("toa_s", "toa_std_s", "snr_db", "doppler_hz")),
    )


class _bridge(QtCore.QObject):
    """Carries readings from the scheduler's thread to that of the window."""

    arrived = QtCore.pyqtSignal(object)


class _strip:
    """One satellite's plot."""

    def __init__(self, layout: pyqtgraph.GraphicsLayoutWidget, satellite: str, span_s: float):
        self.plot = layout.addPlot(title=satellite)
        self.plot.setXRange(-1e6 * span_s, 1e6 * span_s, padding=0.0)
        self.plot.setYRange(-40.0, 3.0, padding=0.0)
        self.plot.setLabel("left", "dB")
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(AXIS)
            self.plot.getAxis(side).setTextPen(AXIS)
        self.plot.showGrid(x=True, y=True, alpha=0.25)
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.hideButtons()
        self.curve = self.plot.plot(pen=pyqtgraph.mkPen(QUIET, width=2))
        self.first_path = pyqtgraph.InfiniteLine(angle=90, pen=pyqtgraph.mkPen(FIRST_PATH, width=3))
        self.window = pyqtgraph.LinearRegionItem(movable=False, brush=WINDOW, pen=pyqtgraph.mkPen(None))
        for item in (self.first_path, self.window):
            item.setVisible(False)
            self.plot.addItem(item)

    def show(self, found: reading) -> None:
        """Draw a reading; delays count from the predicted one."""
        x = 1e6 * (found.delay_s - found.predicted_s)
        heard = found.toa_s is not None
        self.curve.setData(x, found.level_db)
        self.curve.setPen(pyqtgraph.mkPen(CURVE if heard else QUIET, width=2))
        self.window.setRegion([1e6 * (edge - found.predicted_s) for edge in found.window_s])
        self.window.setVisible(True)
        self.first_path.setVisible(heard)
        if heard:
            self.first_path.setValue(1e6 * (found.toa_s - found.predicted_s))
        self.plot.setTitle(found.text(), color="#000000", size="10pt")


class delay_profile_sink(gr.basic_block):
    """Draws each satellite's delay profile in dB, the first path in it, and a line of what was measured.

    Message port meas (in): what a first_path_detector sends that has profiles in its messages. Anything else than a
    measurement with a profile is passed over; measurements of satellites without a plot are counted in `unknown`.

    Parameters
    ----------
    satellites : sequence of str
        Ids, a plot for each from top to bottom.
    span_s : float
        Delays shown on both sides of the predicted one.
    """

    def __init__(self, satellites: Sequence[str], span_s: float = 4e-6):
        gr.basic_block.__init__(self, name="delay_profile_sink", in_sig=None, out_sig=None)
        if not len(satellites) or len(set(satellites)) != len(satellites):
            raise ValueError(f"satellites = {list(satellites)}: must be at least one, each once")
        if not 0.0 < span_s <= 1.0:
            raise ValueError(f"span_s = {span_s}: must be above 0, up to 1")
        self.unknown = 0
        self._layout = pyqtgraph.GraphicsLayoutWidget()
        self._layout.setBackground("w")
        self.strips = {}
        for satellite in satellites:
            strip = _strip(self._layout, satellite, span_s)
            if self.strips:
                strip.plot.setXLink(next(iter(self.strips.values())).plot)
            self.strips[satellite] = strip
            self._layout.nextRow()
        strip.plot.setLabel("bottom", "delay from the predicted one (µs)")
        self._bridge = _bridge()
        self._bridge.arrived.connect(self._show)
        self.message_port_register_in(_IN)
        self.set_msg_handler(_IN, self._handle)

    def qwidget(self) -> QtWidgets.QWidget:
        """The widget, for a layout."""
        return self._layout

    def _handle(self, message) -> None:
        found = read(message)
        if found is not None:
            self._bridge.arrived.emit(found)

    def _show(self, found: reading) -> None:
        if found.satellite in self.strips:
            self.strips[found.satellite].show(found)
        else:
            self.unknown += 1
