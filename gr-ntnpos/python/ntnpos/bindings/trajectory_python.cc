/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/trajectory.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

void bind_trajectory(py::module& m)
{
    py::class_<instant>(m,
                        "instant",
                        "Instant as whole seconds and a fraction in [0, 1); a (full_s, "
                        "frac_s) tuple is taken in its place.")
        .def(py::init([](int64_t full_s, double frac_s) {
                 return instant{ full_s, frac_s };
             }),
             py::arg("full_s") = 0,
             py::arg("frac_s") = 0.0)
        .def(py::init([](const py::tuple& pair) {
                 if (pair.size() != 2)
                     throw py::type_error("an instant is a (full_s, frac_s) pair");
                 return instant{ pair[0].cast<int64_t>(), pair[1].cast<double>() };
             }),
             py::arg("pair"))
        .def_readwrite("full_s", &instant::full_s, "whole seconds")
        .def_readwrite("frac_s", &instant::frac_s, "fraction of a second in [0, 1)")
        .def("advanced",
             &advance,
             py::arg("seconds"),
             "This instant and so many seconds later.")
        .def("__sub__",
             &seconds_between,
             py::arg("other"),
             "Difference in seconds, exact to the precision of the difference.")
        .def("__lt__", [](const instant& a, const instant& b) { return a < b; })
        .def("__repr__", [](const instant& t) {
            return "instant(full_s=" + std::to_string(t.full_s) +
                   ", frac_s=" + py::repr(py::float_(t.frac_s)).cast<std::string>() + ")";
        });
    py::implicitly_convertible<py::tuple, instant>();
    m.def("sample_instant",
          &sample_instant,
          py::arg("start"),
          py::arg("index"),
          py::arg("sample_rate_hz"),
          "Instant of sample `index` of a stream whose sample 0 is at `start`.");

    py::class_<delay_segment>(
        m,
        "delay_segment",
        "One polynomial piece of a delay: sum_k coefficients[k] (t - start)^k seconds.")
        .def(py::init([](const instant& start, const std::vector<double>& coefficients) {
                 return delay_segment{ start, coefficients };
             }),
             py::arg("start"),
             py::arg("coefficients"))
        .def_readwrite("start", &delay_segment::start)
        .def_readwrite("coefficients",
                       &delay_segment::coefficients,
                       "s, s/s, s/s^2, ...; reading gives a copy");

    py::class_<trajectory>(
        m,
        "trajectory",
        "A moving delay in piecewise polynomials; the first piece also holds before its "
        "start, the last without end.")
        .def(py::init([](const std::vector<delay_segment>& segments) {
                 return trajectory{ segments };
             }),
             py::arg("segments") = std::vector<delay_segment>())
        .def_readwrite("segments",
                       &trajectory::segments,
                       "delay_segment list in ascending order; reading gives a copy")
        .def("delay_at",
             &delay_at,
             py::arg("t"),
             "Delay in seconds at instant t. Expects a valid trajectory.")
        .def("delay_rate_at",
             &delay_rate_at,
             py::arg("t"),
             "Delay rate in s/s at instant t. Expects a valid trajectory.")
        .def(
            "validate",
            [](const trajectory& t) -> std::optional<std::string> {
                const auto error = validate(t);
                return error ? std::optional(error->message()) : std::nullopt;
            },
            "One line that says what is wrong, or None.");
}
