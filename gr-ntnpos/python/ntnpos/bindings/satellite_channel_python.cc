/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/satellite_channel.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

using samples =
    py::array_t<std::complex<float>, py::array::c_style | py::array::forcecast>;

template <typename config>
std::optional<std::string> message(const config& c)
{
    const auto error = validate(c);
    return error ? std::optional(error->message()) : std::nullopt;
}

samples process(satellite_channel& channel,
                int64_t first,
                size_t count,
                const std::vector<samples>& inputs,
                const std::vector<int64_t>& input_first)
{
    if (inputs.size() != channel.inputs())
        throw std::invalid_argument("inputs: must be one array for each input");
    if (!input_first.empty() && input_first.size() != inputs.size())
        throw std::invalid_argument("input_first: must be one index for each input");
    std::vector<input_view> views;
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].ndim() != 1)
            throw std::invalid_argument("inputs: must be arrays of one dimension");
        views.push_back({ inputs[i].data(),
                          input_first.empty() ? 0 : input_first[i],
                          static_cast<size_t>(inputs[i].size()) });
    }
    samples out(static_cast<py::ssize_t>(count));
    auto* data = out.mutable_data();
    {
        py::gil_scoped_release release;
        channel.process(first, count, views, data);
    }
    return out;
}

void bind_configuration(py::module& m)
{
    py::class_<receiver_clock>(
        m,
        "receiver_clock",
        "The receiver's oscillator: at `reference` (receiver clock) it is offset_s ahead "
        "of system "
        "time, and gains frequency_error (1e-6 = 1 ppm) seconds a second.")
        .def(py::init(
                 [](const instant& reference, double offset_s, double frequency_error) {
                     return receiver_clock{ reference, offset_s, frequency_error };
                 }),
             py::arg("reference") = instant{},
             py::arg("offset_s") = 0.0,
             py::arg("frequency_error") = 0.0)
        .def_readwrite("reference", &receiver_clock::reference)
        .def_readwrite("offset_s", &receiver_clock::offset_s)
        .def_readwrite("frequency_error", &receiver_clock::frequency_error)
        .def("validate", &message<receiver_clock>, "What is wrong, or None.");
    m.def("observed_trajectory",
          &observed_trajectory,
          py::arg("geometric"),
          py::arg("clock"),
          py::arg("satellite_clock_offset_s") = 0.0,
          "toa trajectory in receiver clock of a travel time given by system time of "
          "reception.");

    py::class_<white_noise>(m, "white_noise", "Complex white Gaussian noise by seed.")
        .def(py::init([](uint64_t seed, double power) {
                 return white_noise{ seed, power };
             }),
             py::arg("seed") = 1,
             py::arg("power") = 0.0)
        .def_readwrite("seed", &white_noise::seed)
        .def_readwrite("power", &white_noise::power, "variance of a complex sample")
        .def("validate", &message<white_noise>, "What is wrong, or None.")
        .def(
            "samples",
            [](const white_noise& noise, int64_t first_index, size_t count) {
                throw_if(validate(noise));
                samples out(static_cast<py::ssize_t>(count));
                std::fill_n(out.mutable_data(), count, std::complex<float>());
                add_noise(noise, first_index, count, out.mutable_data());
                return out;
            },
            py::arg("first_index"),
            py::arg("count"),
            "complex64[count]: samples first_index, first_index + 1, ... of the noise.");

    py::class_<channel_path>(
        m, "channel_path", "One path of an ntn_channel; several may share one input.")
        .def(py::init([](int input,
                         const trajectory& delay,
                         std::complex<float> gain,
                         const instant& input_start,
                         double satellite_clock_offset_s,
                         const path_fading& fading) {
                 return channel_path{
                     input, delay, gain, input_start, satellite_clock_offset_s, fading
                 };
             }),
             py::arg("input") = 0,
             py::arg("delay") = trajectory{},
             py::arg("gain") = std::complex<float>(1.0f),
             py::arg("input_start") = instant{},
             py::arg("satellite_clock_offset_s") = 0.0,
             py::arg("fading") = path_fading{})
        .def_readwrite("input", &channel_path::input, "number of the input stream")
        .def_readwrite(
            "delay", &channel_path::delay, "travel time by system time of reception")
        .def_readwrite("gain", &channel_path::gain, "complex amplitude")
        .def_readwrite("input_start",
                       &channel_path::input_start,
                       "satellite clock at sample 0 of the input")
        .def_readwrite("satellite_clock_offset_s",
                       &channel_path::satellite_clock_offset_s,
                       "satellite clock minus system time")
        .def_readwrite("fading", &channel_path::fading, "multipath fading of the path");

    py::class_<channel_receiver>(m, "channel_receiver", "The receiver of an ntn_channel.")
        .def(py::init([](const instant& start,
                         const receiver_clock& clock,
                         const white_noise& noise) {
                 return channel_receiver{ start, clock, noise };
             }),
             py::arg("start") = instant{},
             py::arg("clock") = receiver_clock{},
             py::arg("noise") = white_noise{})
        .def_readwrite(
            "start", &channel_receiver::start, "receiver clock at output sample 0")
        .def_readwrite("clock", &channel_receiver::clock)
        .def_readwrite("noise", &channel_receiver::noise);
}

} // namespace

void bind_satellite_channel(py::module& m)
{
    bind_configuration(m);

    py::class_<satellite_channel>(
        m,
        "satellite_channel",
        "The kernel under the ntn_channel block: sum of moving paths plus noise, a pure "
        "function of the output index. One thread at a time. ValueError names the field "
        "that is wrong.")
        .def(py::init([](double sample_rate_hz,
                         double carrier_frequency_hz,
                         const std::vector<channel_path>& paths,
                         const channel_receiver& receiver,
                         double occupied_band) {
                 return satellite_channel(channel_config{ sample_rate_hz,
                                                          carrier_frequency_hz,
                                                          paths,
                                                          receiver,
                                                          occupied_band });
             }),
             py::arg("sample_rate_hz"),
             py::arg("carrier_frequency_hz"),
             py::arg("paths"),
             py::arg("receiver") = channel_receiver{},
             py::arg("occupied_band") = 0.8)
        .def("inputs", &satellite_channel::inputs, "Number of input streams.")
        .def(
            "input_range",
            [](const satellite_channel& c, size_t input, int64_t first, size_t count) {
                if (input >= c.inputs() || count == 0)
                    throw std::invalid_argument(
                        "input_range: no such input, or count = 0");
                const auto range = c.input_range(input, first, count);
                return py::make_tuple(range.first, range.end);
            },
            py::arg("input"),
            py::arg("first"),
            py::arg("count"),
            "(first, end): samples of an input that output samples first .. first + "
            "count - 1 "
            "are made of; negative ones are before the input began.")
        .def(
            "process",
            &process,
            py::arg("first"),
            py::arg("count"),
            py::arg("inputs"),
            py::arg("input_first") = std::vector<int64_t>(),
            "complex64[count]: output samples first .. first + count - 1. inputs: one "
            "complex64 array for each input, whose element 0 is sample input_first[i] (0 "
            "if not given); samples outside count as zero.")
        .def(
            "prolong",
            [](satellite_channel& c,
               int64_t path,
               const std::vector<delay_segment>& segments,
               int64_t now) { throw_if(c.prolong(path, segments, now)); },
            py::arg("path"),
            py::arg("segments"),
            py::arg("now") = 0,
            "Replaces a path's delay from the start of the first of the segments on.");
}
