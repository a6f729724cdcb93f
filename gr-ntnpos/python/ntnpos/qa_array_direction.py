# SPDX-License-Identifier: GPL-3.0-or-later
"""Direction of a wave at a planar array: exact waves, the bound by finite differences, grating lobes, wrong input."""

import numpy as np
from gnuradio import gr_unittest, ntnpos

C_M_S = 299_792_458.0
F_HZ = 2.0e9
HALF_WAVE_M = 0.5 * C_M_S / F_HZ


def square(side: int, spacing_m: float = HALF_WAVE_M):
    return [(i * spacing_m, j * spacing_m) for i in range(side) for j in range(side)]


def wave(elements, direction, gain=1.0):
    """Amplitudes: nearer to the source along the direction means earlier, a phase ahead."""
    r = np.array(elements)
    return gain * np.exp(2j * np.pi * F_HZ / C_M_S * (r @ np.asarray(direction)[:2]))


def angle_deg(a, b):
    return np.degrees(2 * np.arcsin(0.5 * np.linalg.norm(np.asarray(a) - np.asarray(b))))


def towards(off_deg, azimuth_deg):
    a, b = np.radians([off_deg, azimuth_deg])
    return np.array([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)])


class qa_array_direction(gr_unittest.TestCase):
    def estimate(self, elements, amplitudes, variance=1e-6, **settings):
        array = ntnpos.array_direction(ntnpos.array_config(elements, F_HZ, **settings))
        return array.estimate(list(amplitudes), [variance] * len(elements))

    def test_without_noise_it_is_exact(self):
        """Squares, a ring and a crooked triangle; from straight ahead to 75 degrees off; any phase."""
        ring = [(0.2 * np.cos(x), 0.2 * np.sin(x)) for x in np.arange(7) * 2 * np.pi / 7]
        for elements in (square(2), square(4), square(8), ring, [(0, 0), (0.07, 0.01), (0.02, 0.07)]):
            for off_deg in (0.0, 0.3, 20.0, 54.3, 75.0):
                for azimuth_deg in (0.0, 77.0, 190.0):
                    d = towards(off_deg, azimuth_deg)
                    m = self.estimate(elements, wave(elements, d, 0.3 * np.exp(2j)))
                    self.assertLess(angle_deg(m.direction, d), 1e-5)
                    self.assertAlmostEqual(np.linalg.norm(m.direction), 1.0, 12)

    def test_errors_are_at_the_bound(self):
        """400 draws each, seed 3. The bound: Fisher information of amplitude, phase and two angles by differences."""
        rng = np.random.default_rng(3)
        for side, off_deg, snr in ((2, 10.0, 300.0), (4, 40.0, 30.0), (8, 5.0, 10.0)):
            elements, truth = square(side), towards(off_deg, 30.0)
            across = [np.cross(truth, [0, 0, 1.0])]
            across[0] /= np.linalg.norm(across[0])
            across.append(np.cross(truth, across[0]))

            def signal(p, elements=elements, truth=truth, across=across):
                d = truth + p[0] * across[0] + p[1] * across[1]
                return wave(elements, d / np.linalg.norm(d), (1 + p[2]) * np.exp(1j * p[3]))

            h = 1e-6
            jacobian = np.array([(signal(h * e) - signal(-h * e)) / (2 * h) for e in np.eye(4)])
            fisher = 2 * snr * np.real(jacobian.conj() @ jacobian.T)
            bound = np.linalg.inv(fisher)[:2, :2]
            clean, errors, stated = signal(np.zeros(4)), [], []
            for _ in range(400):
                noise = (rng.standard_normal(len(clean)) + 1j * rng.standard_normal(len(clean))) / np.sqrt(2 * snr)
                m = self.estimate(elements, clean + noise, 1 / snr)
                errors.append([np.dot(m.direction, a) for a in across])
                stated.append(m.std_deg)
            square_error = np.mean(np.array(errors) ** 2, axis=0)
            self.assertLess(np.abs(square_error / np.diag(bound) - 1).max(), 4 * np.sqrt(2 / 400))
            expected_deg = np.degrees(np.sqrt(0.5 * np.trace(bound)))
            self.assertLess(abs(np.median(stated) / expected_deg - 1), 0.03)
            self.assertLess(np.abs(np.mean(errors, axis=0) / np.sqrt(np.diag(bound) / 400)).max(), 4.0)

    def test_grating_lobes_are_named(self):
        """Spacing of one wavelength: what comes from straight ahead may come from four other sides; half a wave: from none."""
        wide = square(4, 2 * HALF_WAVE_M)
        d = towards(20.0, 0.0)
        m = self.estimate(wide, wave(wide, d))
        all_found = [m.direction, *m.others]
        self.assertTrue(any(angle_deg(f, d) < 1e-4 for f in all_found))
        alias = np.array([d[0] - 1.0, 0.0, np.sqrt(1 - (d[0] - 1.0) ** 2)])
        self.assertTrue(any(angle_deg(f, alias) < 1e-4 for f in all_found))
        self.assertEqual(self.estimate(square(4), wave(square(4), d)).others, [])

    def test_pointing_adds_to_what_is_stated(self):
        elements, d = square(4), towards(15.0, 80.0)
        alone = self.estimate(elements, wave(elements, d), 1e-2).std_deg
        both = self.estimate(elements, wave(elements, d), 1e-2, pointing_std_deg=0.5).std_deg
        self.assertAlmostEqual(both, np.hypot(alone, 0.5), 12)

    def test_a_noisy_antenna_counts_less(self):
        """One antenna is noise alone, and said to be: the others' direction stands."""
        elements, d = square(3), towards(30.0, 10.0)
        amplitudes = wave(elements, d)
        amplitudes[4] = 5j
        array = ntnpos.array_direction(ntnpos.array_config(elements, F_HZ))
        m = array.estimate(list(amplitudes), [1e-4] * 4 + [1e6] + [1e-4] * 4)
        self.assertLess(angle_deg(m.direction, d), 1e-3)

    def test_wrong_input_is_one_clear_line(self):
        for settings, field in (
            (dict(elements_m=square(1)), "elements_m"),
            (dict(elements_m=[(0, 0), (1, 1), (2, 2)]), "one line"),
            (dict(elements_m=[(0, 0), (1, 0), (0, float("nan"))]), "elements_m"),
            (dict(elements_m=square(2), frequency_hz=0.0), "frequency_hz"),
            (dict(elements_m=square(2), pointing_std_deg=-1.0), "pointing_std_deg"),
            (dict(elements_m=square(2), least_likelihood=2.0), "least_likelihood"),
        ):
            config = ntnpos.array_config(**settings)
            self.assertIn(field, config.validate())
            with self.assertRaisesRegex(ValueError, field):
                ntnpos.array_direction(config)
        array = ntnpos.array_direction(ntnpos.array_config(square(2)))
        for amplitudes, variances in (([1.0] * 3, [1.0] * 4), ([1.0] * 4, [1.0] * 3), ([1.0] * 4, [1.0] * 3 + [0.0])):
            with self.assertRaises(ValueError):
                array.estimate(amplitudes, variances)


if __name__ == "__main__":
    gr_unittest.run(qa_array_direction)
