/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/srs_source.h>

namespace py = pybind11;

void bind_srs_source(py::module& m)
{
    using gr::ntnpos::srs_source;
    py::class_<srs_source,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<srs_source>>(
        m,
        "srs_source",
        "Stream, or bursts, of slots that carry the positioning SRS of one UE.\n\n"
        "carrier: ntnpos.carrier. resources: list of ntnpos.srs_resource. start_slot: "
        "slot whose nominal start is\n"
        "sample 0, from SFN 0. n_slots: nominal length in slots, -1 without end. "
        "start_time: (full_s, frac_s) of the\n"
        "sending clock at sample 0. timing_advance_s: -1..1, before the first command. "
        "bursts: only the slots that\n"
        "carry something, each with tx_time, ntnpos_slot and length_tag. Message port "
        "timing: dictionary\n"
        "{timing_advance_s: double, from_slot: integer}. timing_advances: {from_slot: "
        "timing_advance_s} known beforehand. ValueError names the field that "
        "is wrong.")
        .def(py::init(&srs_source::make),
             py::arg("carrier"),
             py::arg("resources"),
             py::arg("start_slot") = 0,
             py::arg("n_slots") = -1,
             py::arg("start_time") = py::none(),
             py::arg("timing_advance_s") = 0.0,
             py::arg("bursts") = false,
             py::arg("length_tag") = "packet_len",
             py::arg("timing_advances") = std::map<int64_t, double>())
        .def("bad_messages",
             &srs_source::bad_messages,
             "Messages on port timing that were malformed, and dropped.")
        .def("late_commands",
             &srs_source::late_commands,
             "Commands that came after their slot had been made.")
        .def(
            "cut_slots",
            &srs_source::cut_slots,
            "Transmitted slots that lost their beginning, or all, to a growing advance.");
}
