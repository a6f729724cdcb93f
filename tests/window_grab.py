# SPDX-License-Identifier: GPL-3.0-or-later
"""A Qt flowgraph run to its end in a process of its own without a display, and pictures of its window.

    python window_grab.py FLOWGRAPH.py WINDOW.png [CANVAS.png ...]

WINDOW.png shows the whole window; each CANVAS.png the area inside the axes of one of its plots, in the window's order.
"""

import importlib.util
import os
import sys
import threading

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5 import Qt, QtCore  # noqa: E402  the platform is chosen first

SIZE = 1100, 760
STILL_MS = 300  # all that the sinks have sent is drawn when nothing more came for so long


def load(path: str):
    """A compiled flowgraph as its main() makes it."""
    name = os.path.basename(path).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    graph = getattr(module, name)()
    getattr(module, "snippets_main_after_init", lambda graph: None)(graph)
    return graph


def main(script: str, window_png: str, *canvas_pngs: str) -> None:
    """Run, wait for the end of the stream and of the drawing, grab."""
    application = Qt.QApplication([script])
    graph = load(script)
    graph.resize(*SIZE)
    graph.show()
    application.processEvents()
    graph.start()
    ended = threading.Event()
    threading.Thread(target=lambda: (graph.wait(), ended.set()), daemon=True).start()
    while not ended.is_set():
        application.processEvents(QtCore.QEventLoop.AllEvents, 50)
    still = QtCore.QElapsedTimer()
    still.start()
    while still.elapsed() < STILL_MS:
        application.processEvents(QtCore.QEventLoop.AllEvents, 50)
    graph.grab().save(window_png)
    plots = [w for w in graph.findChildren(Qt.QWidget) if w.metaObject().className() == "QwtPlotCanvas"]
    plots.sort(key=lambda w: (w.mapTo(graph, QtCore.QPoint(0, 0)).y(), w.mapTo(graph, QtCore.QPoint(0, 0)).x()))
    for plot, path in zip(plots, canvas_pngs, strict=True) if canvas_pngs else ():
        plot.grab().save(path)
    graph.stop()
    sys.stdout.flush()
    os._exit(0)  # Qt's and GNU Radio's static objects do not agree on who goes first


if __name__ == "__main__":
    main(*sys.argv[1:])
