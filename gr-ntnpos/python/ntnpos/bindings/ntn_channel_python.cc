/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/ntn_channel.h>

namespace py = pybind11;

void bind_ntn_channel(py::module& m)
{
    using gr::ntnpos::ntn_channel;
    py::class_<ntn_channel, gr::block, gr::basic_block, std::shared_ptr<ntn_channel>>(
        m,
        "ntn_channel",
        "Sum of moving paths from several satellites to one receiver, and its noise.\n\n"
        "sample_rate_hz, carrier_frequency_hz: of all streams. paths: list of "
        "ntnpos.channel_path, whose inputs\n"
        "are 0, 1, ... receiver: ntnpos.channel_receiver. occupied_band: of the inputs, of "
        "the sample rate,\n"
        "at most 0.8; a narrow one is faster. Tags rx_time, rx_rate and "
        "rx_freq "
        "at sample 0; message\n"
        "port `trajectory` prolongs a path. ValueError names the field that is wrong.")
        .def(py::init(&ntn_channel::make),
             py::arg("sample_rate_hz"),
             py::arg("carrier_frequency_hz"),
             py::arg("paths"),
             py::arg("receiver") = gr::ntnpos::kernel::channel_receiver{},
             py::arg("occupied_band") = 0.8)
        .def("malformed_messages",
             &ntn_channel::malformed_messages,
             "Trajectory messages dropped because they were malformed.");
}
