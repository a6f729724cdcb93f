/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include "multiversion.h"
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
named find(std::vector<named> all, const std::string& name)
{
    for (auto& one : all)
        if (one.name == name)
            return one;
    throw std::invalid_argument("name: no measurement " + name);
}

py::tuple times(const std::string& name, int pairs, double seconds)
{
    if (pairs < 1)
        throw std::invalid_argument("pairs: must be at least 1");
    const auto c = find(all_comparisons(), name);
    pair_times t;
    {
        py::gil_scoped_release release;
        t = time_in_turn(c, pairs, seconds);
    }
    return py::make_tuple(t.ours, t.reference);
}

double seconds_per_sample(const std::string& name, double seconds)
{
    const auto p = find(channel_pieces(), name);
    py::gil_scoped_release release;
    return seconds_per_call(p.work, seconds) / p.samples;
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
          "CPU seconds that a kernel takes for one output sample, over calls that fill "
          "`seconds`.");
    m.def("instruction_set",
          &instruction_set,
          "Widest instruction set that the kernels' run-time dispatch chooses here.");
}
