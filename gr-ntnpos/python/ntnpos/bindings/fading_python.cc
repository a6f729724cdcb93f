/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/satellite_channel.h>
#include <algorithm>
#include <tuple>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

fading_model model_of(const std::string& name)
{
    if (const auto model = fading_model_of(name))
        return *model;
    throw std::invalid_argument(
        config_error{ "fading.model", name, fading_model_names() }.message());
}

} // namespace

void bind_fading(py::module& m)
{
    py::class_<path_fading>(
        m,
        "path_fading",
        "Multipath fading of one path by TR 38.811 clause 6.9.2.\n\n"
        "model: 'los' (one constant ray), 'ntn-tdl-a', 'ntn-tdl-b' (Rayleigh taps), "
        "'ntn-tdl-c', 'ntn-tdl-d'\n"
        "(with a line of sight). delay_spread_s: rms, 0..1e-5. ue_speed_m_s: gives the "
        "Rayleigh taps a\n"
        "classical Doppler spectrum up to speed f_c / c. k_factor_db: line of sight over "
        "all Rayleigh taps,\n"
        "of c and d; None: 10.0 and 7.0 dB as tabulated. seed: of the taps, apart for "
        "each path of a channel.")
        .def(py::init([](const std::string& model,
                         double delay_spread_s,
                         double ue_speed_m_s,
                         std::optional<double> k_factor_db,
                         uint64_t seed) {
                 return path_fading{
                     model_of(model), delay_spread_s, ue_speed_m_s, k_factor_db, seed
                 };
             }),
             py::arg("model") = "los",
             py::arg("delay_spread_s") = path_fading{}.delay_spread_s,
             py::arg("ue_speed_m_s") = 0.0,
             py::arg("k_factor_db") = py::none(),
             py::arg("seed") = 1)
        .def_property(
            "model",
            [](const path_fading& f) { return name_of(f.model); },
            [](path_fading& f, const std::string& name) { f.model = model_of(name); })
        .def_readwrite("delay_spread_s", &path_fading::delay_spread_s)
        .def_readwrite("ue_speed_m_s", &path_fading::ue_speed_m_s)
        .def_readwrite("k_factor_db", &path_fading::k_factor_db)
        .def_readwrite("seed", &path_fading::seed)
        .def(
            "validate",
            [](const path_fading& f, double sample_rate_hz, double carrier_frequency_hz) {
                const auto error = validate(f, sample_rate_hz, carrier_frequency_hz);
                return error ? std::optional(error->message()) : std::nullopt;
            },
            py::arg("sample_rate_hz"),
            py::arg("carrier_frequency_hz"),
            "What is wrong, or None.")
        .def(
            "taps",
            [](const path_fading& f) {
                std::vector<std::tuple<double, double, double>> all;
                for (const auto& tap : taps_of(f))
                    all.emplace_back(tap.delay_s, tap.constant, tap.scattered);
                return all;
            },
            "Tuples (delay in s after the path's own, power of the line of sight, mean "
            "power of the Rayleigh part); all powers are 1 together.")
        .def(
            "gains",
            [](const path_fading& f,
               double carrier_frequency_hz,
               size_t path,
               const instant& start,
               double step_s,
               size_t count) {
                throw_if(validate(f, 1e9, carrier_frequency_hz));
                throw_if(validate(start, "start"));
                if (!(step_s >= 0.0 &&
                      step_s * static_cast<double>(count) <= 1e9)) // of the grid's range
                    throw std::invalid_argument("step_s: must be 0 or more, and all "
                                                "steps together up to 1e9 s");
                const auto gains =
                    fading_gains(f, carrier_frequency_hz, path, start, step_s, count);
                py::array_t<std::complex<float>> out(
                    { static_cast<py::ssize_t>(taps_of(f).size()),
                      static_cast<py::ssize_t>(count) });
                std::copy(gains.begin(), gains.end(), out.mutable_data());
                return out;
            },
            py::arg("carrier_frequency_hz"),
            py::arg("path"),
            py::arg("start"),
            py::arg("step_s"),
            py::arg("count"),
            "complex64[taps, count]: the gain of each tap at start, start + step_s, ... "
            "by "
            "the receiver clock, as a channel applies it to its path of that index.");
}
