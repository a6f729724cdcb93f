# SPDX-License-Identifier: GPL-3.0-or-later
"""Live display of a satellite's pass in a Qt window: delay and Doppler as measured, over those of geometry
and clock.

Imported only where it is used: the rest of the laboratory needs no Qt.
"""

from __future__ import annotations

import math

import numpy as np
import pmt
from gnuradio import gr
from PyQt5 import QtCore, QtWidgets  # before pyqtgraph, which takes the Qt that is there

import pyqtgraph  # isort: skip

from ntnpos.world.one_satellite import Reception

from .satellite_link import expected

_IN = pmt.intern("meas")
EXPECTED, MEASURED, AXIS = "#6fa3d8", "#d01010", "#404040"
_POINTS = 400
_REDRAW_MS = 50  # measurements that come within so long are drawn at once


class _Bridge(QtCore.QObject):
    """Carries measurements from the scheduler's thread to that of the window."""

    arrived = QtCore.pyqtSignal(object)


class _Panel:
    """One plot of dots over time."""

    def __init__(self, layout: pyqtgraph.GraphicsLayoutWidget, span_s: float, label: str, bottom: bool):
        self.plot = layout.addPlot()
        self.plot.setLabel("left", label)
        if bottom:
            self.plot.setLabel("bottom", "time from the first sample (s)")
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(AXIS)
            self.plot.getAxis(side).setTextPen(AXIS)
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.plot.getAxis("left").setWidth(62)
        self.plot.showGrid(x=True, y=True, alpha=0.25)
        self.plot.setXRange(0.0, span_s, padding=0.02)
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.hideButtons()

    def line(self, x, y) -> None:
        """A curve of what is expected."""
        self.plot.plot(x, y, pen=pyqtgraph.mkPen(EXPECTED, width=7))

    def dots(self):
        """An item for measurements, on top."""
        return self.plot.plot(
            [], [], pen=None, symbol="o", symbolSize=4, symbolPen=None, symbolBrush=MEASURED
        )


class PassSink(gr.basic_block):
    """Draws Doppler and delay of one satellite as they are measured, over what geometry and clock say, and
    the difference.

    Message port meas (in): what a first_path_detector sends. Other messages than measurements that found
    something are passed over.

    Parameters
    ----------
    sky : Reception
        As from `ntnpos_lab.satellite_link.look_up`.
    carrier_frequency_hz, clock_offset_s, frequency_error_ppm : float
        As of the SatelliteLink.
    """

    def __init__(
        self,
        sky: Reception,
        carrier_frequency_hz: float,
        clock_offset_s: float = 0.0,
        frequency_error_ppm: float = 0.0,
    ):
        gr.basic_block.__init__(self, name="Pass Display", in_sig=None, out_sig=None)
        self._sky, self._told = sky, (carrier_frequency_hz, clock_offset_s, frequency_error_ppm)
        self.measured: list[tuple[float, float, float]] = []
        """(receiver clock s, toa s, Doppler Hz) of each measurement drawn."""
        self._layout = pyqtgraph.GraphicsLayoutWidget()
        self._layout.setBackground("w")
        span = sky.stop_s - sky.start_s
        self._layout.addLabel(
            f"{sky.satellite} from {sky.epoch.plus(sky.start_s).iso()[:19]}Z, "
            f"<b style='color:{EXPECTED}'>expected</b>, <b style='color:{MEASURED}'>measured</b>",
            color="#000000",
            colspan=2,
        )
        self._panels = []
        for row, labels in enumerate(
            (("Doppler (kHz)", "measured - expected (Hz)"), ("delay (ms)", "measured - expected (ns)")), 1
        ):
            self._layout.nextRow()
            self._panels += [_Panel(self._layout, span, label, row == 2) for label in labels]
            self._layout.ci.layout.setRowStretchFactor(row, 1)
        for column in (0, 1):
            self._layout.ci.layout.setColumnStretchFactor(column, 1)
        t = np.linspace(sky.start_s, sky.stop_s, _POINTS)
        toa, doppler = expected(sky, t, *self._told)
        self._panels[0].line(t - sky.start_s, 1e-3 * doppler)
        self._panels[2].line(t - sky.start_s, 1e3 * toa)
        self._dots = [panel.dots() for panel in self._panels]
        self._drawn: list[tuple[float, ...]] = []
        self._redraw = QtCore.QTimer(singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self._draw)
        self._bridge = _Bridge()
        self._bridge.arrived.connect(self._show)
        self.message_port_register_in(_IN)
        self.set_msg_handler(_IN, self._handle)

    def qwidget(self) -> QtWidgets.QWidget:
        """The widget, for a layout."""
        return self._layout

    def _handle(self, message) -> None:
        found = measurement(message)
        if found is not None:
            self._bridge.arrived.emit(found)

    def _show(self, found: tuple[float, float, float]) -> None:
        t, toa, doppler = found
        true_toa, true_doppler = (float(v[0]) for v in expected(self._sky, t, *self._told))
        self.measured.append(found)
        self._drawn.append(
            (t - self._sky.start_s, 1e-3 * doppler, doppler - true_doppler, 1e3 * toa, 1e9 * (toa - true_toa))
        )
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        since, *values = np.array(self._drawn).T
        for dots, value in zip(self._dots, values):
            dots.setData(since, value)


def measurement(message) -> tuple[float, float, float] | None:
    """Receiver clock, toa and Doppler of a `meas` message that found something, else None."""
    if not pmt.is_dict(message):
        return None

    def member(name):
        return pmt.dict_ref(message, pmt.intern(name), pmt.PMT_NIL)

    time, toa, doppler = member("t"), member("toa_s"), member("doppler_hz")
    if not (pmt.is_tuple(time) and pmt.length(time) == 2 and pmt.is_real(toa) and pmt.is_real(doppler)):
        return None
    whole, fraction = pmt.to_python(pmt.tuple_ref(time, 0)), pmt.to_python(pmt.tuple_ref(time, 1))
    values = whole + fraction, pmt.to_double(toa), pmt.to_double(doppler)
    return values if all(map(math.isfinite, values)) else None
