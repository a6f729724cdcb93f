/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/sigmf_source.h>

namespace py = pybind11;

void bind_sigmf_source(py::module& m)
{
    using gr::ntnpos::sigmf_source;

    py::class_<sigmf_source,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<sigmf_source>>(
        m,
        "sigmf_source",
        "Streams the samples of a recording, with rx_time, rx_rate and rx_freq tags at "
        "the "
        "first sample of every capture segment. sigmf_source_from(path) makes one from a "
        "SigMF recording.")
        .def(py::init(&sigmf_source::make),
             py::arg("file"),
             py::arg("sample_rate_hz"),
             py::arg("captures"))
        .def("sample_rate_hz", &sigmf_source::sample_rate_hz, "Samples a second.")
        .def("n_samples", &sigmf_source::n_samples, "Samples before the stream ends.");
}
