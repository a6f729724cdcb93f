/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>

#include <gnuradio/ntnpos/kernel/iq_file.h>
#include <tuple>

namespace py = pybind11;

void bind_iq_file(py::module& m)
{
    using gr::ntnpos::kernel::instant;
    using gr::ntnpos::kernel::iq_capture;
    using gr::ntnpos::kernel::iq_file;

    py::class_<iq_file>(
        m,
        "iq_file",
        "Where complex samples lie in a file: path, byte_offset, n_samples "
        "and datatype (cf32_le or ci16_le, 32768 is one).")
        .def(py::init([](const std::string& path,
                         uint64_t byte_offset,
                         uint64_t n_samples,
                         const std::string& datatype) {
                 return iq_file{ path, byte_offset, n_samples, datatype };
             }),
             py::arg("path"),
             py::arg("byte_offset") = 0,
             py::arg("n_samples"),
             py::arg("datatype") = iq_file{}.datatype)
        .def_readwrite("path", &iq_file::path)
        .def_readwrite("byte_offset", &iq_file::byte_offset)
        .def_readwrite("n_samples", &iq_file::n_samples)
        .def_readwrite("datatype", &iq_file::datatype)
        .def(
            "validate",
            [](const iq_file& f) -> py::object {
                const auto error = gr::ntnpos::kernel::validate(f);
                return error ? py::object(py::str(error->message())) : py::none();
            },
            "Message about the first field that is wrong, or None.");

    py::class_<iq_capture>(
        m,
        "iq_capture",
        "One uninterrupted run of samples: sample_start (index of its first "
        "sample), rx_time (whole seconds, fraction) by the receiver's clock, "
        "frequency_hz.")
        .def(py::init([](uint64_t sample_start,
                         const std::tuple<int64_t, double>& rx_time,
                         double frequency_hz) {
                 return iq_capture{ sample_start,
                                    instant{ std::get<0>(rx_time), std::get<1>(rx_time) },
                                    frequency_hz };
             }),
             py::arg("sample_start"),
             py::arg("rx_time"),
             py::arg("frequency_hz"))
        .def_readwrite("sample_start", &iq_capture::sample_start)
        .def_property_readonly("rx_time",
                               [](const iq_capture& c) {
                                   return py::make_tuple(c.rx_time.full_s,
                                                         c.rx_time.frac_s);
                               })
        .def_readwrite("frequency_hz", &iq_capture::frequency_hz);
}
