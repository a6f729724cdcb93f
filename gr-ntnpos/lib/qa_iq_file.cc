/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/iq_file.h>
#include <boost/test/unit_test.hpp>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

using namespace gr::ntnpos::kernel;

namespace {

// A file of given bytes that is gone at the end of the test.
class temporary_file
{
public:
    explicit temporary_file(const std::vector<unsigned char>& bytes)
        : d_path((std::filesystem::temp_directory_path() /
                  ("qa_iq_file_" + std::to_string(getpid())))
                     .string())
    {
        std::ofstream(d_path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    }
    ~temporary_file() { std::filesystem::remove(d_path); }
    const std::string& path() const { return d_path; }

private:
    std::string d_path;
};

std::vector<unsigned char> random_bytes(size_t n, unsigned seed)
{
    std::mt19937 generator(seed);
    std::vector<unsigned char> bytes(n);
    for (auto& b : bytes)
        b = static_cast<unsigned char>(generator());
    return bytes;
}

std::vector<iq_capture> good_captures()
{
    return { { 0, { 3, 0.25 }, 2e9 }, { 10, { 3, 0.5 }, 2e9 }, { 99, { 4, 0.0 }, 2e9 } };
}

std::string message(const std::optional<config_error>& error)
{
    return error ? error->message() : "";
}

} // namespace

// Values written out by hand from the two formats' definitions.
BOOST_AUTO_TEST_CASE(t_ci16_values)
{
    const unsigned char bytes[] = { 0x00, 0x80, 0xff, 0x7f, 0x01, 0x00, 0xff, 0xff };
    std::complex<float> out[2];
    convert_iq("ci16_le", bytes, 2, out);
    BOOST_CHECK_EQUAL(out[0].real(), -1.0f);
    BOOST_CHECK_EQUAL(out[0].imag(), 32767.0f / 32768.0f);
    BOOST_CHECK_EQUAL(out[1].real(), 1.0f / 32768.0f);
    BOOST_CHECK_EQUAL(out[1].imag(), -1.0f / 32768.0f);
}

BOOST_AUTO_TEST_CASE(t_cf32_values)
{
    // IEEE 754: 1.0 = 0x3f800000, -2.5 = 0xc0200000, smallest denormal = 1, 0.1 =
    // 0x3dcccccd
    const unsigned char bytes[] = { 0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x20, 0xc0,
                                    0x01, 0x00, 0x00, 0x00, 0xcd, 0xcc, 0xcc, 0x3d };
    std::complex<float> out[2];
    convert_iq("cf32_le", bytes, 2, out);
    BOOST_CHECK_EQUAL(out[0].real(), 1.0f);
    BOOST_CHECK_EQUAL(out[0].imag(), -2.5f);
    BOOST_CHECK_EQUAL(out[1].real(), std::numeric_limits<float>::denorm_min());
    BOOST_CHECK_EQUAL(out[1].imag(), 0.1f);
}

BOOST_AUTO_TEST_CASE(t_unknown_datatype)
{
    std::complex<float> out[1];
    const unsigned char bytes[8] = {};
    BOOST_CHECK_THROW(convert_iq("cf64_le", bytes, 1, out), std::invalid_argument);
    BOOST_CHECK_EQUAL(bytes_per_sample("cf64_le"), 0u);
    BOOST_CHECK_EQUAL(bytes_per_sample("cf32_le"), 8u);
    BOOST_CHECK_EQUAL(bytes_per_sample("ci16_le"), 4u);
}

// Pieces of any size, with bytes before and after the samples, give the samples of one
// read of everything.
BOOST_AUTO_TEST_CASE(t_reader_pieces)
{
    const uint64_t n = 1000;
    for (const std::string datatype : { "cf32_le", "ci16_le" }) {
        const size_t width = bytes_per_sample(datatype);
        for (const uint64_t offset : { 0u, 7u, 512u }) {
            const auto bytes = random_bytes(offset + n * width + 3, 1);
            const temporary_file file(bytes);
            std::vector<std::complex<float>> expected(n);
            convert_iq(datatype, bytes.data() + offset, n, expected.data());
            for (const size_t piece : { 1u, 7u, 256u, 999u, 1000u, 4096u }) {
                iq_file_reader reader({ file.path(), offset, n, datatype });
                std::vector<std::complex<float>> got(n + piece);
                size_t total = 0;
                while (const size_t count = reader.read(got.data() + total, piece)) {
                    total += count;
                    BOOST_REQUIRE_EQUAL(reader.position(), total);
                    BOOST_REQUIRE_LE(total, n);
                }
                BOOST_REQUIRE_EQUAL(total, n);
                // Bytes are compared: random bits are not all numbers.
                BOOST_CHECK(std::equal(
                    reinterpret_cast<const unsigned char*>(expected.data()),
                    reinterpret_cast<const unsigned char*>(expected.data() + n),
                    reinterpret_cast<const unsigned char*>(got.data())));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(t_file_cut_while_reading)
{
    const temporary_file file(random_bytes(4 * 100000, 2));
    iq_file_reader reader({ file.path(), 0, 100000, "ci16_le" });
    std::vector<std::complex<float>> got(100000);
    BOOST_REQUIRE_EQUAL(reader.read(got.data(), 10), 10u);
    std::filesystem::resize_file(file.path(), 4 * 50000 + 2);
    size_t total = 10;
    while (const size_t count = reader.read(got.data(), got.size()))
        total += count;
    BOOST_CHECK_EQUAL(total, 50000u);
    BOOST_CHECK_EQUAL(reader.position(), 50000u);
}

// One field of a good configuration is changed; the message is exact.
BOOST_AUTO_TEST_CASE(t_validate_file)
{
    const temporary_file file(random_bytes(100, 3));
    const iq_file good{ file.path(), 20, 10, "cf32_le" };
    BOOST_CHECK_EQUAL(message(validate(good)), "");

    iq_file f = good;
    f.n_samples = 11;
    BOOST_CHECK_EQUAL(message(validate(f)),
                      "n_samples = 11: must be 1..10, what the file holds");
    BOOST_CHECK_THROW(iq_file_reader{ f }, std::invalid_argument);
    f = good;
    f.n_samples = 0;
    BOOST_CHECK_EQUAL(message(validate(f)),
                      "n_samples = 0: must be 1..10, what the file holds");
    f = good;
    f.byte_offset = 21;
    BOOST_CHECK_EQUAL(message(validate(f)),
                      "n_samples = 10: must be 1..9, what the file holds");
    f.byte_offset = 101;
    BOOST_CHECK_EQUAL(message(validate(f)),
                      "byte_offset = 101: must be at most the file's 100 bytes");
    f = good;
    f.datatype = "cf32_be";
    BOOST_CHECK_EQUAL(message(validate(f)),
                      "datatype = cf32_be: must be cf32_le or ci16_le");
    f = good;
    f.path = "/dev/null/none";
    BOOST_CHECK_EQUAL(message(validate(f)),
                      "path = /dev/null/none: must be a file that can be read");
    f.path = "/";
    BOOST_CHECK_EQUAL(message(validate(f)), "path = /: must be a regular file");
}

BOOST_AUTO_TEST_CASE(t_validate_captures)
{
    BOOST_CHECK_EQUAL(message(validate(good_captures(), 100)), "");
    BOOST_CHECK_EQUAL(
        message(validate(good_captures(), 99)),
        "captures[2].sample_start = 99: must be below the number of samples, 99");
    BOOST_CHECK_EQUAL(message(validate(std::vector<iq_capture>{}, 100)),
                      "captures = none: must be at least one");
    auto c = good_captures();
    c[0].sample_start = 1;
    BOOST_CHECK_EQUAL(message(validate(c, 100)),
                      "captures[0].sample_start = 1: must be 0 in the first capture");
    c = good_captures();
    c[2].sample_start = 10;
    BOOST_CHECK_EQUAL(message(validate(c, 100)),
                      "captures[2].sample_start = 10: must be above the one before, 10");
    c = good_captures();
    c[1].rx_time.full_s = -1;
    BOOST_CHECK_EQUAL(message(validate(c, 100)),
                      "captures[1].rx_time.full_s = -1: must be 0 or above");
    c = good_captures();
    c[1].rx_time.frac_s = 1.0;
    BOOST_CHECK_EQUAL(message(validate(c, 100)),
                      "captures[1].rx_time.frac_s = 1: must be in [0, 1)");
    c[1].rx_time.frac_s = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK_EQUAL(message(validate(c, 100)),
                      "captures[1].rx_time.frac_s = nan: must be in [0, 1)");
    c = good_captures();
    c[1].frequency_hz = std::numeric_limits<double>::infinity();
    BOOST_CHECK_EQUAL(message(validate(c, 100)),
                      "captures[1].frequency_hz = inf: must be finite");
}
