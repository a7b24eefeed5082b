// Pictures of fractals for pre-training: coloured fractals on coloured backgrounds, and points that stamp
// patterns. A pattern is nine bits, row by row: bit (i, j) sets the pixel at (i - 1, j - 1) from a point.
#pragma once

#include <array>
#include <cstdint>

#include "core/grid.hpp"
#include "ifs/histogram.hpp"

namespace selfsame::fractals {

using Rgb = std::array<std::uint8_t, 3>;

// The sRGB bytes of a colour of HSV; a hue of 1 is the whole circle from red by green and blue.
Rgb color_of(double hue, double saturation, double value);

// Fill heights (2^n + 1, 2^n + 1) with a diamond-square surface around 0.5.
//
// Corners are uniform in [0, 1]; the k-th halving moves midpoints by up to ± 0.5 exp(-decay (k - 1)). Beyond an
// edge the surface goes on at the opposite one. Source: Fournier, Fussell & Carpenter 1982, "Computer rendering of
// stochastic models"; amplitudes of Anderson and Farrell 2022.
void surface(Grid<float> heights, double decay, ifs::Stream stream);

// A picture of bytes, three to a pixel.
struct Picture {
    Row<std::uint8_t> bytes;
    int side;

    void put(int y, int x, const Rgb& color) const {
        const auto pixel = bytes.part((static_cast<std::size_t>(y) * side + x) * 3, 3);
        pixel[0] = color[0], pixel[1] = color[1], pixel[2] = color[2];
    }
    std::uint8_t* row(int y) const {
        const std::size_t stride = static_cast<std::size_t>(side) * 3;
        return bytes.part(y * stride, stride).data();
    }
};

// Colour a picture by the heights of their upper left part; `colors` are factor and sum for hue, saturation and
// value of a height.
void paint_surface(Grid<const float> heights, Row<const double> colors, Picture picture);

// Sum a histogram with a border, moved by each set bit of a pattern; what lies outside of the window is not
// counted.
void count_stamps(Grid<const std::uint32_t> cells, std::int64_t pattern, Grid<std::uint32_t> out);

// Paint the pixels of a fractal that were hit over a picture; the rest shows what was there.
//
// `place` is the column and row of its upper left corner, which may lie outside; a turn's bit 0 transposes, then
// bit 1 mirrors left and right and bit 2 top and bottom; `color` is the hue of the rarest pixels, saturation and
// value; the hue of pixels with c points is c / largest c of the circle further on.
void paste(Grid<const std::uint32_t> stamps, Row<const std::int64_t> place, std::int64_t turn, Row<const double> color,
           Picture picture);

// Blur a picture in place by a 3 × 3 Gaussian, mirrored at its borders.
void blur(Picture picture, double sigma);

// Fractals of a scene; see fractals/drawing/scenes.py. Fractal k is system k of `systems`.
struct Fractals {
    ifs::Systems systems;
    Row<const std::int64_t> streams;
    Grid<const std::int64_t> places;  // (K, 3): column and row of the upper left corner, side
    Grid<const double> windows;       // (K, 4)
    Row<const std::int64_t> turns, patterns;
    Grid<const double> colors;        // (K, 3)
    Row<const std::int64_t> points;
};

// Backgrounds, and which fractals lie on each: those from bounds[i] to bounds[i + 1].
struct Scenes {
    Row<const std::int64_t> background_streams;  // negative for black
    Row<const double> decays;
    Grid<const double> background_colors;  // (n, 6)
    Row<const double> blurs;               // sigma of a 3 × 3 Gaussian, 0 for none
    Row<const std::int64_t> bounds;
};

// Paint pictures, out (n, S · S · 3).
void paint_scenes(std::uint64_t seed, const Scenes& scenes, const Fractals& fractals, const ifs::Field& field,
                  const ifs::Field& ancestors, int side, Grid<std::uint8_t> out);

// Which of the pictures of points (m, H · W), not 0 where there is one, each picture shows, its pattern, and how it
// is mirrored after stamping: bit 0 left and right, bit 1 top and bottom.
struct Stamps {
    Grid<const std::uint8_t> points;
    int height, width;
    Row<const std::int64_t> sources, patterns, flips;
};

// Draw pictures (n, H · W) in which every point stamps its pattern, in one grey.
void stamp(const Stamps& stamps, std::uint8_t white, Grid<std::uint8_t> out);

// Draw pictures (n, H · W · 3) in which every point stamps its pattern in one of 128 hues of saturation and value
// 0.75, by chance; it depends on (seed, stream, pixel) only.
void stamp_colors(const Stamps& stamps, std::uint64_t seed, Row<const std::int64_t> streams,
                  Grid<std::uint8_t> out);

}  // namespace selfsame::fractals
