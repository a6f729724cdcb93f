/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/los_probability.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

using complex_array =
    py::array_t<std::complex<float>, py::array::c_style | py::array::forcecast>;

namespace {

void expect_size(const complex_array& values, int size)
{
    if (values.ndim() != 1 || values.size() != size)
        throw py::value_error("expected " + std::to_string(size) + " values");
}

} // namespace

void bind_first_path(py::module& m)
{
    py::enum_<first_path_method>(
        m, "first_path_method", "How the first path is estimated.")
        .value("maximum_likelihood",
               first_path_method::maximum_likelihood,
               "All paths together, from peaks and pairs of peaks.")
        .value("music",
               first_path_method::music,
               "The same, from the peaks of a MUSIC spectrum as well.")
        .value("threshold",
               first_path_method::threshold,
               "Where the profile crosses the threshold, put right for the shape of one "
               "path.");
    py::enum_<threshold_mode>(
        m, "threshold_mode", "What the arrival threshold is made from.")
        .value("relative",
               threshold_mode::relative,
               "A part of the way from the noise floor to the peak.")
        .value("false_alarm",
               threshold_mode::false_alarm,
               "What noise reaches at the false-alarm probability.");

    py::class_<first_path_config>(
        m, "first_path_config", "How a delay profile is searched for its first path.")
        .def(py::init([](int subcarriers,
                         double scs_hz,
                         int profile_points,
                         int max_paths,
                         double false_alarm_probability,
                         double threshold,
                         double min_relative_db,
                         double early_s,
                         double late_s,
                         first_path_method method,
                         threshold_mode mode) {
                 return first_path_config{ subcarriers,
                                           scs_hz,
                                           profile_points,
                                           max_paths,
                                           false_alarm_probability,
                                           threshold,
                                           min_relative_db,
                                           early_s,
                                           late_s,
                                           method,
                                           mode };
             }),
             py::arg("subcarriers") = first_path_config{}.subcarriers,
             py::arg("scs_hz") = first_path_config{}.scs_hz,
             py::arg("profile_points") = first_path_config{}.profile_points,
             py::arg("max_paths") = first_path_config{}.max_paths,
             py::arg("false_alarm_probability") =
                 first_path_config{}.false_alarm_probability,
             py::arg("threshold") = first_path_config{}.threshold,
             py::arg("min_relative_db") = first_path_config{}.min_relative_db,
             py::arg("early_s") = first_path_config{}.early_s,
             py::arg("late_s") = first_path_config{}.late_s,
             py::arg("method") = first_path_config{}.method,
             py::arg("threshold_mode") = first_path_config{}.threshold_mode)
        .def_readwrite(
            "subcarriers",
            &first_path_config::subcarriers,
            "Contiguous subcarriers that the profile was made from: 12 num_rb; 12..3300.")
        .def_readwrite("scs_hz", &first_path_config::scs_hz, "Their spacing.")
        .def_readwrite("profile_points",
                       &first_path_config::profile_points,
                       "Points of the profile, at least `subcarriers`.")
        .def_readwrite(
            "max_paths", &first_path_config::max_paths, "Paths fitted at most, 1..8.")
        .def_readwrite("false_alarm_probability",
                       &first_path_config::false_alarm_probability,
                       "Of a path in a profile of noise; of a path too many beside a "
                       "true one half before it, half after. 1e-12..0.5.")
        .def_readwrite("threshold",
                       &first_path_config::threshold,
                       "Height of the arrival crossing between noise floor and peak "
                       "(amplitude), 0..1.")
        .def_readwrite(
            "min_relative_db",
            &first_path_config::min_relative_db,
            "Weaker than this against the strongest, nothing counts as a path, -60..0.")
        .def_readwrite("early_s",
                       &first_path_config::early_s,
                       "Paths are looked for from so long before the strongest.")
        .def_readwrite(
            "late_s", &first_path_config::late_s, "To so long after the strongest.")
        .def_readwrite("method", &first_path_config::method, "A first_path_method.")
        .def_readwrite(
            "threshold_mode", &first_path_config::threshold_mode, "A threshold_mode.")
        .def("validate", [](const first_path_config& c) -> std::optional<std::string> {
            const auto error = validate(c);
            return error ? std::optional(error->message()) : std::nullopt;
        });

    py::class_<path_estimate>(m, "path_estimate", "One propagation path in a profile.")
        .def_readonly(
            "delay_s", &path_estimate::delay_s, "From the profile's middle point.")
        .def_readonly("delay_std_s",
                      &path_estimate::delay_std_s,
                      "Standard deviation, from the Fisher information at the fit.")
        .def_readonly("gain",
                      &path_estimate::gain,
                      "Complex amplitude at the middle subcarrier, 1 = the replica's.");

    py::class_<first_path_estimate>(m, "first_path_estimate", "What a profile holds.")
        .def_readonly(
            "detected",
            &first_path_estimate::detected,
            "False: nothing above the noise at the stated false-alarm probability.")
        .def_property_readonly("paths",
                               [](const first_path_estimate& e) {
                                   return std::vector<path_estimate>(e.paths.begin(),
                                                                     e.paths.end());
                               })
        .def_readonly(
            "crossing_s",
            &first_path_estimate::crossing_s,
            "First point above the threshold before the peak, from the profile's middle.")
        .def_readonly("statistic",
                      &first_path_estimate::statistic,
                      "Of the strongest path: -ln of its probability at one delay under "
                      "noise alone.")
        .def_readonly("noise_variance",
                      &first_path_estimate::noise_variance,
                      "Per subcarrier of the combined channel, after the fitted paths "
                      "are taken out.")
        .def_readonly("noise_floor",
                      &first_path_estimate::noise_floor,
                      "Amplitude of the profile away from the arrival region.")
        .def_readonly("peak_s",
                      &first_path_estimate::peak_s,
                      "Highest point, from the profile's middle.")
        .def_readonly("signal_power",
                      &first_path_estimate::signal_power,
                      "Mean square of what the paths are together on a subcarrier.")
        .def_readonly("threshold_level",
                      &first_path_estimate::threshold_level,
                      "Amplitude that the crossing reaches.");

    py::class_<first_path>(
        m, "first_path", "First path of a complex delay profile by maximum likelihood.")
        .def(py::init<const first_path_config&>(), py::arg("config"))
        .def(
            "detect",
            [](first_path& f, const complex_array& profile, double known_s) {
                expect_size(profile, f.config().profile_points);
                return f.detect(profile.data(), known_s);
            },
            py::arg("profile"),
            py::arg("known_s") = 0.0,
            "Estimate from profile_points complex values. known_s above 0: a signal is "
            "known to be there, its strongest path within so much of the middle.")
        .def(
            "detect_channel",
            [](first_path& f, const complex_array& channel, double known_s) {
                expect_size(channel, f.config().subcarriers);
                return f.detect_channel(channel.data(), known_s);
            },
            py::arg("channel"),
            py::arg("known_s") = 0.0,
            "Estimate from the combined channel of `subcarriers` complex values.")
        .def(
            "profile_of",
            [](first_path& f, const complex_array& channel) {
                expect_size(channel, f.config().subcarriers);
                complex_array out(f.config().profile_points);
                f.profile_of(channel.data(), out.mutable_data());
                return out;
            },
            py::arg("channel"),
            "Delay profile of a combined channel.");

    py::class_<los_config>(
        m, "los_config", "What is assumed of the channel before a profile is seen.")
        .def(py::init(
                 [](double prior, double delay_spread_min_s, double delay_spread_max_s) {
                     return los_config{ prior, delay_spread_min_s, delay_spread_max_s };
                 }),
             py::arg("prior") = los_config{}.prior,
             py::arg("delay_spread_min_s") = los_config{}.delay_spread_min_s,
             py::arg("delay_spread_max_s") = los_config{}.delay_spread_max_s)
        .def_readwrite("prior",
                       &los_config::prior,
                       "Probability of a line of sight beforehand, 0..1.")
        .def_readwrite("delay_spread_min_s",
                       &los_config::delay_spread_min_s,
                       "Least rms delay spread, 1e-10..1e-4; up to the largest it is "
                       "uniform in its logarithm.")
        .def_readwrite("delay_spread_max_s",
                       &los_config::delay_spread_max_s,
                       "Largest rms delay spread.")
        .def("validate", [](const los_config& c) -> std::optional<std::string> {
            const auto error = validate(c);
            return error ? std::optional(error->message()) : std::nullopt;
        });

    py::class_<los_probability>(
        m, "los_probability", "Probability that a first path is the line of sight.")
        .def(py::init<const los_config&, const first_path_config&>(),
             py::arg("config"),
             py::arg("detector"))
        .def("of", &los_probability::of, py::arg("estimate"));
}
