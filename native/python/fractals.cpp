#include <nanobind/stl/array.h>
#include <nanobind/stl/pair.h>

#include <algorithm>
#include <vector>

#include "fractals/scenes.hpp"
#include "python/ifs.hpp"

namespace selfsame::python {

namespace {

constexpr int kMostLog2Surface = 13;
constexpr std::size_t kMostSurface = 1 << kMostLog2Surface;
constexpr std::int64_t kMostFractal = 1 << 14;

using Whole = Array<std::int64_t, 1>;
using Numbers = Array<double, 2>;

void paint_scenes(std::uint64_t seed, const Whole& background_streams, const Array<double, 1>& decays,
                  const Numbers& background_colors, const Array<double, 1>& blurs, const Whole& bounds,
                  const Whole& streams, const Array<std::int64_t, 2>& places, const Numbers& windows,
                  const Whole& turns, const Whole& patterns, const Numbers& colors, const Whole& points,
                  const Numbers& maps, const Whole& map_bounds, const Array<std::uint64_t, 2>& trees,
                  const Numbers& starts, const Whole& burn_ins, const FieldPair& field, const FieldPair& ancestors,
                  const Target<std::uint8_t, 4>& out) {
    const std::size_t count = out.shape(0), side = out.shape(1), total = places.shape(0);
    const auto systems = systems_of(maps, map_bounds, trees, starts, burn_ins);
    require(background_streams.size() == count && decays.size() == count && background_colors.shape(0) == count &&
                background_colors.shape(1) == 6 && blurs.size() == count && bounds.size() == count + 1 &&
                streams.size() == total && places.shape(1) == 3 && windows.shape(0) == total &&
                windows.shape(1) == 4 && turns.size() == total && patterns.size() == total &&
                colors.shape(0) == total && colors.shape(1) == 3 && points.size() == total &&
                trees.shape(0) == total && out.shape(2) == side && out.shape(3) == 3,
            "arrays of scenes of different lengths");
    for (const auto& [left, top, size] : structures<std::array<std::int64_t, 3>>(places)) {
        require(is_place(left) && is_place(top) && size >= 1 && size <= kMostFractal, "no such place of a fractal");
    }
    require(side <= kMostSurface && std::ranges::all_of(row(points), [](std::int64_t n) { return n >= 0; }),
            "no such side of pictures, or a negative number of points");
    const auto fields = fields_of(field, ancestors);
    const fractals::Scenes scenes{row(background_streams), row(decays), grid(background_colors), row(blurs),
                                  row(bounds)};
    const fractals::Fractals all{systems,       row(streams),  grid(places), grid(windows),
                                 row(turns),    row(patterns), grid(colors), row(points)};
    const nb::gil_scoped_release released;
    fractals::paint_scenes(seed, scenes, all, fields.first, fields.second, static_cast<int>(side),
                           {data_of(out), count, side * side * 3});
}

fractals::Stamps stamps_of(const Array<std::uint8_t, 3>& points, const Whole& sources, const Whole& patterns,
                           const Whole& flips, std::size_t count) {
    require(sources.size() == count && patterns.size() == count && flips.size() == count &&
                points.shape(1) <= kMostSide && points.shape(2) <= kMostSide,
            "arrays of pictures of different lengths");
    return {flat(points),  static_cast<int>(points.shape(1)), static_cast<int>(points.shape(2)),
            row(sources),  row(patterns),                     row(flips)};
}

void stamp(const Array<std::uint8_t, 3>& points, const Whole& sources, const Whole& patterns, const Whole& flips,
           int white, const Target<std::uint8_t, 3>& out) {
    const auto stamps = stamps_of(points, sources, patterns, flips, out.shape(0));
    require(white >= 0 && white <= 255, "white is a byte");
    const nb::gil_scoped_release released;
    fractals::stamp(stamps, static_cast<std::uint8_t>(white), flat(out));
}

void stamp_colors(const Array<std::uint8_t, 3>& points, const Whole& sources, const Whole& patterns,
                  const Whole& flips, std::uint64_t seed, const Whole& streams, const Target<std::uint8_t, 4>& out) {
    const auto stamps = stamps_of(points, sources, patterns, flips, out.shape(0));
    const nb::gil_scoped_release released;
    fractals::stamp_colors(stamps, seed, row(streams),
                           {data_of(out), out.shape(0), out.shape(1) * out.shape(2) * out.shape(3)});
}

NewArray<float> surface(std::uint64_t seed, std::uint64_t stream, double decay, int log2_side) {
    require(log2_side >= 0 && log2_side <= kMostLog2Surface, "no such side of a surface");
    const std::size_t side = (std::size_t(1) << log2_side) + 1;
    std::vector<float> heights(side * side);
    fractals::surface({heights.data(), side, side}, decay, ifs::Stream(seed, stream));
    return own<float>(std::move(heights), {side, side});
}

fractals::Picture picture_of(const Target<std::uint8_t, 3>& picture) {
    require(picture.shape(0) == picture.shape(1) && picture.shape(2) == 3 && picture.shape(0) <= kMostSide,
            "pictures are (S, S, 3)");
    return {{data_of(picture), picture.size()}, static_cast<int>(picture.shape(0))};
}

void paint_surface(const Array<float, 2>& heights, const Array<double, 1>& colors,
                   const Target<std::uint8_t, 3>& picture) {
    fractals::paint_surface(grid(heights), row(colors), picture_of(picture));
}

void count_stamps(const Array<std::uint32_t, 2>& cells, int pattern, const Target<std::uint32_t, 2>& out) {
    fractals::count_stamps(grid(cells), pattern, grid(out));
}

void paste(const Array<std::uint32_t, 2>& stamps, const Whole& place, int turn, const Array<double, 1>& color,
           const Target<std::uint8_t, 3>& picture) {
    require(place.size() == 3 && std::ranges::all_of(row(place), is_place) && color.size() == 3 &&
                stamps.shape(0) == stamps.shape(1) && stamps.shape(0) <= kMostSide,
            "no such place, colour or fractal");
    fractals::paste(grid(stamps), row(place), turn, row(color), picture_of(picture));
}

void blur(const Target<std::uint8_t, 3>& picture, double sigma) { fractals::blur(picture_of(picture), sigma); }

}  // namespace

void bind_fractals(nb::module_ module, nb::module_ testing) {
    module.def("paint_scenes", &paint_scenes, nb::arg("seed"), nb::arg("background_streams"), nb::arg("decays"),
               nb::arg("background_colors"), nb::arg("blurs"), nb::arg("bounds"), nb::arg("streams"),
               nb::arg("places"), nb::arg("windows"), nb::arg("turns"), nb::arg("patterns"), nb::arg("colors"),
               nb::arg("points"), nb::arg("maps"), nb::arg("map_bounds"), nb::arg("trees"), nb::arg("starts"),
               nb::arg("burn_ins"), nb::arg("field"), nb::arg("ancestors"), nb::arg("out").noconvert(),
               "Paint pictures of coloured fractals on coloured backgrounds.");
    module.def("stamp", &stamp, nb::arg("points"), nb::arg("sources"), nb::arg("patterns"), nb::arg("flips"),
               nb::arg("white"), nb::arg("out").noconvert(), "Draw pictures in which points stamp patterns.");
    module.def("stamp_colors", &stamp_colors, nb::arg("points"), nb::arg("sources"), nb::arg("patterns"),
               nb::arg("flips"), nb::arg("seed"), nb::arg("streams"), nb::arg("out").noconvert(),
               "Draw pictures in which points stamp patterns in colours of their own.");
    testing.def("surface", &surface, nb::arg("seed"), nb::arg("stream"), nb::arg("decay"), nb::arg("log2_side"),
               "Return a diamond-square surface.");
    testing.def("paint_surface", &paint_surface, nb::arg("heights"), nb::arg("colors"),
               nb::arg("picture").noconvert(), "Colour a picture by heights.");
    testing.def("count_stamps", &count_stamps, nb::arg("cells"), nb::arg("pattern"), nb::arg("out").noconvert(),
               "Sum a histogram with a border, moved by each set bit of a pattern.");
    testing.def("paste", &paste, nb::arg("stamps"), nb::arg("place"), nb::arg("turn"), nb::arg("color"),
               nb::arg("picture").noconvert(), "Paint the pixels of a fractal that were hit over a picture.");
    testing.def("blur", &blur, nb::arg("picture").noconvert(), nb::arg("sigma"),
               "Blur a picture in place by a 3 × 3 Gaussian.");
    testing.def("color_of", &fractals::color_of, nb::arg("hue"), nb::arg("saturation"), nb::arg("value"),
               "Return the sRGB bytes of a colour.");
}

}  // namespace selfsame::python
