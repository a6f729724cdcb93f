/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/comb_correlator.h>

namespace py = pybind11;

void bind_comb_correlator(py::module& m)
{
    using gr::ntnpos::comb_correlator;
    py::class_<comb_correlator,
               gr::block,
               gr::basic_block,
               std::shared_ptr<comb_correlator>>(
        m,
        "comb_correlator",
        "Delay profiles of the DL-PRS of all satellites in one received stream.\n\n"
        "carrier: ntnpos.carrier. signals: list of satellite_signal. windows: list of "
        "search_window in the\n"
        "same order, or empty: then they come on message port `windows`, and the input "
        "is held back until\n"
        "then. config: correlator_bank_config. Out: vectors of fft_size complex values "
        "with the tag\n"
        "`ntnpos_profile`. ValueError names the field that is wrong.")
        .def(py::init(&comb_correlator::make),
             py::arg("carrier"),
             py::arg("signals"),
             py::arg("windows") = std::vector<gr::ntnpos::kernel::search_window>(),
             py::arg("config") = gr::ntnpos::kernel::correlator_bank_config())
        .def("bad_messages",
             &comb_correlator::bad_messages,
             "Messages that were malformed, and dropped.")
        .def("untimed_samples",
             &comb_correlator::untimed_samples,
             "Samples that had no valid time, and were dropped.");
}
