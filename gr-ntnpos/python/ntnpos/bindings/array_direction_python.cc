/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/array_direction.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

void bind_array_direction(py::module& m)
{
    py::class_<array_config>(m, "array_config", "A planar array of like antennas.")
        .def(py::init([](const std::vector<std::array<double, 2>>& elements_m,
                         double frequency_hz,
                         double pointing_std_deg,
                         double least_likelihood) {
                 return array_config{
                     elements_m, frequency_hz, pointing_std_deg, least_likelihood
                 };
             }),
             py::arg("elements_m"),
             py::arg("frequency_hz") = array_config{}.frequency_hz,
             py::arg("pointing_std_deg") = array_config{}.pointing_std_deg,
             py::arg("least_likelihood") = array_config{}.least_likelihood)
        .def_readwrite("elements_m",
                       &array_config::elements_m,
                       "Places of the antennas in the array's plane, (x, y) in m.")
        .def_readwrite("frequency_hz", &array_config::frequency_hz, "Of the carrier.")
        .def_readwrite("pointing_std_deg",
                       &array_config::pointing_std_deg,
                       "Standard deviation of the attitude about each of two axes.")
        .def_readwrite("least_likelihood",
                       &array_config::least_likelihood,
                       "Of another direction over the best one's, to be named.")
        .def(
            "validate",
            [](const array_config& c) -> std::optional<std::string> {
                const auto error = validate(c);
                return error ? std::optional(error->message()) : std::nullopt;
            },
            "One line that says what is wrong, or None.");

    py::class_<direction_estimate>(m, "direction_estimate", "Where a wave comes from.")
        .def_readonly("direction",
                      &direction_estimate::direction,
                      "Unit vector to the source in the array's axes, z in front.")
        .def_readonly("covariance",
                      &direction_estimate::covariance,
                      "Of the direction's x and y by noise alone: xx, xy, yy.")
        .def_readonly("std_deg",
                      &direction_estimate::std_deg,
                      "About each of two axes across the direction: noise and pointing.")
        .def_readonly("others",
                      &direction_estimate::others,
                      "Other directions that fit nearly as well: grating lobes.");

    py::class_<array_direction>(
        m,
        "array_direction",
        "Direction of a wave from its complex amplitudes at the antennas of an array.")
        .def(py::init<const array_config&>(), py::arg("config"))
        .def(
            "estimate",
            [](const array_direction& a,
               const std::vector<std::complex<double>>& amplitudes,
               const std::vector<double>& variances) {
                const size_t count = a.config().elements_m.size();
                if (amplitudes.size() != count || variances.size() != count)
                    throw_if(config_error{ "amplitudes, variances",
                                           std::to_string(amplitudes.size()) + ", " +
                                               std::to_string(variances.size()),
                                           std::to_string(count) + " each" });
                for (const double v : variances)
                    if (!(v > 0.0))
                        throw_if(
                            config_error{ "variances", std::to_string(v), "above 0" });
                return a.estimate(amplitudes, variances);
            },
            py::arg("amplitudes"),
            py::arg("variances"),
            "amplitudes: one a antenna. variances: of each one's complex noise.");
}
