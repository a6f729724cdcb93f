/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/prs_source.h>

namespace py = pybind11;

void bind_prs_source(py::module& m)
{
    using gr::ntnpos::prs_source;
    using namespace gr::ntnpos::kernel;
    py::class_<prs_source,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<prs_source>>(
        m,
        "prs_source",
        "Streams of slots that carry the DL-PRS resources of one TRP or of several.\n\n"
        "carrier: ntnpos.carrier. resources: list of ntnpos.prs_resource; or a list of "
        "such lists, one for each\n"
        "TRP, with an output for each. start_slot: slot count of the first\n"
        "slot, from SFN 0. n_slots: slots to send, -1 without end. start_time: (full_s, "
        "frac_s) of the sending\n"
        "clock at sample 0, tagged as rx_time with rx_rate and rx_freq; None for no "
        "tags. ntnpos_slot (long)\n"
        "tags every slot's first sample. ValueError names the field that is wrong.")
        .def(py::init([](const carrier& c,
                         const std::vector<prs_resource>& resources,
                         int64_t start_slot,
                         int64_t n_slots,
                         const std::optional<instant>& start_time) {
                 return prs_source::make(
                     c, { resources }, start_slot, n_slots, start_time);
             }),
             py::arg("carrier"),
             py::arg("resources"),
             py::arg("start_slot") = 0,
             py::arg("n_slots") = -1,
             py::arg("start_time") = py::none())
        .def(py::init(&prs_source::make),
             py::arg("carrier"),
             py::arg("resources"),
             py::arg("start_slot") = 0,
             py::arg("n_slots") = -1,
             py::arg("start_time") = py::none());
}
