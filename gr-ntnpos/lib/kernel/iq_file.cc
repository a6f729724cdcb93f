/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/iq_file.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

namespace gr::ntnpos::kernel {

namespace {

constexpr float int16_scale = 1.0f / 32768.0f;

// Assembled byte by byte, so that the host's byte order does not matter.
float float_le(const unsigned char* b)
{
    const uint32_t bits = uint32_t(b[0]) | uint32_t(b[1]) << 8 | uint32_t(b[2]) << 16 |
                          uint32_t(b[3]) << 24;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

float int16_le(const unsigned char* b)
{
    const uint16_t bits = uint16_t(b[0] | b[1] << 8);
    return static_cast<float>(static_cast<int16_t>(bits)) * int16_scale;
}

} // namespace

size_t bytes_per_sample(const std::string& datatype)
{
    if (datatype == "cf32_le")
        return 8;
    if (datatype == "ci16_le")
        return 4;
    return 0;
}

std::optional<config_error> validate(const iq_file& f)
{
    const size_t width = bytes_per_sample(f.datatype);
    if (width == 0)
        return config_error{ "datatype", f.datatype, "cf32_le or ci16_le" };
    std::error_code error;
    const uint64_t size = std::filesystem::is_regular_file(f.path, error)
                              ? std::filesystem::file_size(f.path, error)
                              : 0;
    if (error || !std::ifstream(f.path, std::ios::binary))
        return config_error{ "path", f.path, "a file that can be read" };
    if (!std::filesystem::is_regular_file(f.path, error))
        return config_error{ "path", f.path, "a regular file" };
    if (f.byte_offset > size)
        return config_error{ "byte_offset",
                             std::to_string(f.byte_offset),
                             "at most the file's " + std::to_string(size) + " bytes" };
    const uint64_t available = (size - f.byte_offset) / width;
    if (f.n_samples < 1 || f.n_samples > available)
        return config_error{ "n_samples",
                             std::to_string(f.n_samples),
                             "1.." + std::to_string(available) +
                                 ", what the file holds" };
    return std::nullopt;
}

std::optional<config_error> validate(const std::vector<iq_capture>& captures,
                                     uint64_t n_samples)
{
    if (captures.empty())
        return config_error{ "captures", "none", "at least one" };
    for (size_t i = 0; i < captures.size(); ++i) {
        const iq_capture& c = captures[i];
        const std::string name = "captures[" + std::to_string(i) + "].";
        const auto start_error = [&](const std::string& allowed) {
            return config_error{ name + "sample_start",
                                 std::to_string(c.sample_start),
                                 allowed };
        };
        if (i == 0 && c.sample_start != 0)
            return start_error("0 in the first capture");
        if (i > 0 && c.sample_start <= captures[i - 1].sample_start)
            return start_error("above the one before, " +
                               std::to_string(captures[i - 1].sample_start));
        if (c.sample_start >= n_samples)
            return start_error("below the number of samples, " +
                               std::to_string(n_samples));
        if (auto error = validate(c.rx_time, name + "rx_time"))
            return error;
        if (c.rx_time.full_s < 0)
            return config_error{ name + "rx_time.full_s",
                                 std::to_string(c.rx_time.full_s),
                                 "0 or above" };
        if (!std::isfinite(c.frequency_hz))
            return config_error{ name + "frequency_hz",
                                 to_text(c.frequency_hz),
                                 "finite" };
    }
    return std::nullopt;
}

void convert_iq(const std::string& datatype,
                const unsigned char* bytes,
                size_t n,
                std::complex<float>* out)
{
    if (datatype == "cf32_le") {
        for (size_t i = 0; i < n; ++i)
            out[i] = { float_le(bytes + 8 * i), float_le(bytes + 8 * i + 4) };
    } else if (datatype == "ci16_le") {
        for (size_t i = 0; i < n; ++i)
            out[i] = { int16_le(bytes + 4 * i), int16_le(bytes + 4 * i + 2) };
    } else {
        throw_if(config_error{ "datatype", datatype, "cf32_le or ci16_le" });
    }
}

iq_file_reader::iq_file_reader(const iq_file& f)
    : d_file(f), d_bytes_per_sample(bytes_per_sample(f.datatype))
{
    throw_if(validate(f));
    d_stream.open(f.path, std::ios::binary);
    rewind();
}

void iq_file_reader::rewind()
{
    d_stream.clear(); // the mark of the file's end, if it was reached
    d_stream.seekg(static_cast<std::streamoff>(d_file.byte_offset));
    d_position = 0;
}

size_t iq_file_reader::read(std::complex<float>* out, size_t n)
{
    const size_t wanted = std::min<uint64_t>(n, d_file.n_samples - d_position);
    d_bytes.resize(wanted * d_bytes_per_sample);
    d_stream.read(reinterpret_cast<char*>(d_bytes.data()),
                  static_cast<std::streamsize>(d_bytes.size()));
    const size_t got = static_cast<size_t>(d_stream.gcount()) / d_bytes_per_sample;
    convert_iq(d_file.datatype, d_bytes.data(), got, out);
    d_position += got;
    return got;
}

} // namespace gr::ntnpos::kernel
