/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include "multiversion.h"
#include "receiver_scene.h"
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <stdexcept>

namespace py = pybind11;
using namespace gr::ntnpos::bench;

namespace {

std::vector<comparison> all_comparisons()
{
    auto all = waveform_comparisons();
    for (auto& c : channel_comparisons())
        all.push_back(std::move(c));
    return all;
}

template <typename named>
const named* find(const std::vector<named>& all, const std::string& name)
{
    for (const auto& one : all)
        if (one.name == name)
            return &one;
    return nullptr;
}

// The measurement of that name: of those that are made by name, or of the ready ones.
template <typename named>
named find(const std::vector<maker<named>>& makers,
           const std::function<std::vector<named>()>& ready,
           const std::string& name)
{
    if (const auto* made = find(makers, name))
        return made->make(name);
    const auto all = ready();
    if (const auto* one = find(all, name))
        return *one;
    throw std::invalid_argument("name: no measurement " + name);
}

std::vector<comparison_maker> all_makers()
{
    auto all = receiver_comparisons();
    for (auto& c : receiver_stream_comparisons())
        all.push_back(std::move(c));
    return all;
}

py::tuple times(const std::string& name, int pairs, double seconds)
{
    if (pairs < 1)
        throw std::invalid_argument("pairs: must be at least 1");
    const auto c = find<comparison>(all_makers(), all_comparisons, name);
    pair_times t;
    {
        py::gil_scoped_release release;
        t = time_in_turn(c, pairs, seconds);
    }
    return py::make_tuple(t.ours, t.reference);
}

double seconds_per_sample(const std::string& name, double seconds)
{
    const auto p = find<piece>(receiver_pieces(), channel_pieces, name);
    py::gil_scoped_release release;
    return seconds_per_call(p.work, seconds) / p.samples;
}

py::tuple scene(int satellites, int fft_size, int n_rb, int num_rb, bool every_slot)
{
    py::module::import("gnuradio.ntnpos"); // the types' bindings
    const auto s = make_scene(satellites, fft_size, n_rb, num_rb, every_slot);
    return py::make_tuple(s.carrier, s.signals, s.windows);
}

py::array received_by(
    int satellites, int fft_size, int n_rb, int num_rb, bool every_slot, double seconds)
{
    const auto out =
        received(make_scene(satellites, fft_size, n_rb, num_rb, every_slot), seconds);
    return py::array_t<std::complex<float>>(out.size(), out.data());
}

// The choice that NTNPOS_MULTIVERSION leaves to the loader.
std::string instruction_set()
{
#ifdef NTNPOS_HAS_VERSIONS
    __builtin_cpu_init();
#ifndef NTNPOS_WITHOUT_AVX512
    if (__builtin_cpu_supports("avx512f"))
        return "avx512f";
#endif
    if (__builtin_cpu_supports("avx2"))
        return "avx2";
#endif
    return "default";
}

} // namespace

PYBIND11_MODULE(ntnpos_bench, m)
{
    m.doc() = "Speed measurements of kernels.";
    m.def(
        "times",
        &times,
        py::arg("name"),
        py::arg("pairs"),
        py::arg("seconds"),
        "CPU seconds of one call of our kernel and of its reference, taken in turn: two "
        "lists of `pairs` numbers.\n"
        "seconds: time that each of them fills with calls. ValueError for an unknown "
        "name.");
    m.def("seconds_per_sample",
          &seconds_per_sample,
          py::arg("name"),
          py::arg("seconds"),
          "CPU seconds that a kernel takes for one output sample (a receiver: for one "
          "second of signal), over calls that fill `seconds`.");
    m.def("scene",
          &scene,
          py::arg("satellites"),
          py::arg("fft_size"),
          py::arg("n_rb"),
          py::arg("num_rb"),
          py::arg("every_slot"),
          "Carrier, signals and windows of the receiver that is measured.");
    m.def("received",
          &received_by,
          py::arg("satellites"),
          py::arg("fft_size"),
          py::arg("n_rb"),
          py::arg("num_rb"),
          py::arg("every_slot"),
          py::arg("seconds"),
          "What it receives, from receiver-clock zero on: complex64.");
    m.def("instruction_set",
          &instruction_set,
          "Widest instruction set that the kernels' run-time dispatch chooses here.");
}
