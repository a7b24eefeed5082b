#include "ifs/scanlines.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace selfsame::ifs {

namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();
constexpr double kBeyond = 1e9;  // all rows of a bitmap

// Where a line meets something; left > right if nowhere.
struct Interval {
    double left = kFar, right = -kFar;

    void add(double from, double to) {
        left = std::min(left, from);
        right = std::max(right, to);
    }
};

using Corners = std::array<std::array<double, 2>, 4>;  // x, y

// A number as an int of [least, most], `least` for NaN.
int whole(double x, double least, double most) { return static_cast<int>(std::fmin(std::fmax(x, least), most)); }

// The first row whose centre lies at y or beyond, and the last that lies at y or before.
int first_row(double y) { return whole(std::ceil(y - 0.5), 0, kBeyond); }
int last_row(double y, int rows) { return whole(std::floor(y - 0.5), -1, rows - 1); }

// Set the samples of a row whose centres lie within [left, right].
void fill(Row<std::uint8_t> row, double left, double right) {
    const int last = 8 * static_cast<int>(row.size()) - 1;
    if (!(left < last + 1) || !(right > 0)) {
        return;
    }
    const int j0 = static_cast<int>(std::max(std::ceil(left - 0.5), 0.0));
    const int j1 = static_cast<int>(std::min(std::floor(right - 0.5), static_cast<double>(last)));
    if (j0 > j1) {
        return;
    }
    const int b0 = j0 >> 3, b1 = j1 >> 3;
    const int head = 0xFF & (0xFF << (j0 & 7)), tail = 0xFF >> (7 - (j1 & 7));
    if (b0 == b1) {
        row[b0] |= static_cast<std::uint8_t>(head & tail);
        return;
    }
    row[b0] |= static_cast<std::uint8_t>(head);
    std::ranges::fill(row.part(b0 + 1, b1 - b0 - 1), std::uint8_t(0xFF));
    row[b1] |= static_cast<std::uint8_t>(tail);
}

// Where the line at height y meets a convex quadrilateral.
Interval meet(const Corners& corners, double y) {
    Interval found;
    for (int i = 0; i < 4; ++i) {
        const auto [x0, y0] = corners[i];
        const auto [x1, y1] = corners[(i + 1) & 3];
        const double low = std::min(y0, y1), high = std::max(y0, y1);
        if (y < low || y > high) {
            continue;
        }
        if (high > low) {
            const double x = x0 + (y - y0) / (y1 - y0) * (x1 - x0);
            found.add(x, x);
        } else {
            found.add(std::min(x0, x1), std::max(x0, x1));
        }
    }
    return found;
}

// Draw the segment (x0, y0)-(x1, y1) widened by the image of a disk; `half` is the least half-width: shorter axes
// of the ellipse grow to it.
void draw_capsule(Grid<std::uint8_t> bits, double x0, double y0, double x1, double y1, const Affine& map,
                  double radius, double half) {
    const double r2 = radius * radius;
    double qxx = (map[0] * map[0] + map[1] * map[1]) * r2;
    double qxy = (map[0] * map[2] + map[1] * map[3]) * r2;
    double qyy = (map[2] * map[2] + map[3] * map[3]) * r2;
    const double mean = (qxx + qyy) / 2, spread = std::hypot((qxx - qyy) / 2, qxy), h2 = half * half;
    if (mean + spread <= h2) {
        qxx = qyy = h2;
        qxy = 0;
    } else if (mean - spread < h2) {
        const double grow = (h2 - (mean - spread)) / (2 * spread);
        qxx += grow * (mean + spread - qxx);
        qxy -= grow * qxy;
        qyy += grow * (mean + spread - qyy);
    }
    // y' = y / tall, x' = (x - shear y) / wide keeps rows horizontal and makes the ellipse a unit circle; the leaf
    // becomes a capsule of radius 1 around a0-a1.
    const double tall = std::sqrt(qyy), shear = qxy / qyy;
    const double wide = std::sqrt(std::max(qxx - qxy * shear, 1e-300));
    const double ax0 = (x0 - shear * y0) / wide, ay0 = y0 / tall;
    const double ax1 = (x1 - shear * y1) / wide, ay1 = y1 / tall;
    const double length = std::hypot(ax1 - ax0, ay1 - ay0);
    Corners corners{};
    if (length > 0) {
        const double nx = -(ay1 - ay0) / length, ny = (ax1 - ax0) / length;
        corners = {{{ax0 + nx, ay0 + ny}, {ax1 + nx, ay1 + ny}, {ax1 - nx, ay1 - ny}, {ax0 - nx, ay0 - ny}}};
    }
    const int rows = static_cast<int>(bits.height());
    const int last = last_row((std::max(ay0, ay1) + 1) * tall, rows);
    for (int row = first_row((std::min(ay0, ay1) - 1) * tall); row <= last; ++row) {
        const double y = (row + 0.5) / tall;
        Interval found = length > 0 ? meet(corners, y) : Interval{};
        for (const auto& [cx, cy] : {std::pair(ax0, ay0), std::pair(ax1, ay1)}) {
            const double dy = y - cy;
            if (dy * dy <= 1) {
                const double chord = std::sqrt(1 - dy * dy);
                found.add(cx - chord, cx + chord);
            }
        }
        if (found.left <= found.right) {
            const double shift = shear * (row + 0.5);
            fill(bits.row(row), found.left * wide + shift, found.right * wide + shift);
        }
    }
}

// Draw centre ± u ± v; singular values of [u v] below `half` grow to it.
void draw_parallelogram(Grid<std::uint8_t> bits, double cx, double cy, double ux, double uy, double vx, double vy,
                        double half) {
    const double e = (ux + vy) / 2, f = (ux - vy) / 2, g = (uy + vx) / 2, h = (uy - vx) / 2;
    const double q = std::hypot(e, h), r = std::hypot(f, g);
    if (q + r < half || std::abs(q - r) < half) {
        const double s0 = std::max(q + r, half);
        const double s1 = std::max(std::abs(q - r), half) * (q >= r ? 1 : -1);
        const double a1 = std::atan2(g, f), a2 = std::atan2(h, e);
        // [u v] = rotation(phi) diag(s0, s1) rotation(theta)
        const double phi = (a2 + a1) / 2, theta = (a2 - a1) / 2;
        const double cp = std::cos(phi), sp = std::sin(phi), ct = std::cos(theta), st = std::sin(theta);
        ux = cp * s0 * ct - sp * s1 * st, vx = -cp * s0 * st - sp * s1 * ct;
        uy = sp * s0 * ct + cp * s1 * st, vy = -sp * s0 * st + cp * s1 * ct;
    }
    const Corners corners = {{{cx + ux + vx, cy + uy + vy},
                              {cx + ux - vx, cy + uy - vy},
                              {cx - ux - vx, cy - uy - vy},
                              {cx - ux + vx, cy - uy + vy}}};
    double top = kFar, bottom = -kFar;
    for (const auto& [x, y] : corners) {
        top = std::min(top, y);
        bottom = std::max(bottom, y);
    }
    const int last = last_row(bottom, static_cast<int>(bits.height()));
    for (int row = first_row(top); row <= last; ++row) {
        const Interval found = meet(corners, row + 0.5);
        if (found.left <= found.right) {
            fill(bits.row(row), found.left, found.right);
        }
    }
}

}  // namespace

void draw_shape(Grid<std::uint8_t> bits, const Shape& shape, const Affine& map, double half) {
    const auto& n = shape.numbers;
    const auto x = [&](double a, double b) { return map[0] * a + map[1] * b; };
    const auto y = [&](double a, double b) { return map[2] * a + map[3] * b; };
    const double x0 = x(n[0], n[1]) + map[4], y0 = y(n[0], n[1]) + map[5];
    if (shape.kind == Shape::kCapsule) {
        draw_capsule(bits, x0, y0, x(n[2], n[3]) + map[4], y(n[2], n[3]) + map[5], map, n[4], half);
    } else {
        draw_parallelogram(bits, x0, y0, x(n[2], n[3]), y(n[2], n[3]), x(n[4], n[5]), y(n[4], n[5]), half);
    }
}

void draw_dot(Grid<std::uint8_t> bits, double x, double y, double radius) {
    const int last = last_row(y + radius, static_cast<int>(bits.height()));
    for (int row = first_row(y - radius); row <= last; ++row) {
        const double dy = row + 0.5 - y, chord = std::sqrt(std::max(radius * radius - dy * dy, 0.0));
        fill(bits.row(row), x - chord, x + chord);
    }
}

bool is_full(Grid<std::uint8_t> bits, double x, double y, double reach) {
    const int rows = static_cast<int>(bits.height());
    const double columns = static_cast<double>(bits.width());
    const auto column = [&](double at) { return whole(std::floor(at / 8), 0, columns - 1); };
    const int b0 = column(x - reach), b1 = column(x + reach), last = last_row(y + reach + 1, rows);
    for (int row = first_row(y - reach - 1); row <= last; ++row) {
        for (const std::uint8_t byte : bits.row(row).part(b0, b1 - b0 + 1)) {
            if (byte != 0xFF) {
                return false;
            }
        }
    }
    return true;
}

void count_samples(Grid<std::uint8_t> bits, Grid<float> picture) {
    for (std::size_t i = 0; i < picture.height(); ++i) {
        for (std::size_t j = 0; j < picture.width(); ++j) {
            int count = 0;
            for (int k = 0; k < kSamples; ++k) {
                count += std::popcount(bits(i * kSamples + k, j));
            }
            picture(i, j) = static_cast<float>(count) / (kSamples * kSamples);
        }
    }
}

}  // namespace selfsame::ifs
