#include "python/ifs.hpp"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "ifs/depth.hpp"
#include "ifs/leaves.hpp"
#include "ifs/orbit.hpp"
#include "ifs/recursion.hpp"
#include "ifs/sampling.hpp"
#include "ifs/splat.hpp"

namespace selfsame::python {

namespace {

using Maps = Array<float, 2>;
using Tree = Array<std::uint64_t, 1>;
using PlanarGame = std::tuple<Maps, Tree>;

constexpr std::size_t kMostCells = 0x7FFFFFFF;  // of a histogram

ifs::Game game_of(const PlanarGame& game, bool is_on_cells) {
    const auto& [maps, tree] = game;
    const auto all = structures<ifs::PlanarMap>(maps);
    check_tree(tree.size(), all.size());
    return {all, row(tree), is_on_cells};
}

bool keep_cells(const Array<double, 2>& maps, const Array<double, 2>& words) {
    return ifs::keep_cells(structures<ifs::PlaneMap>(maps), structures<ifs::PlaneMap>(words));
}

template <typename T>
double plot_share(std::uint64_t seed, std::uint64_t share, std::uint64_t points, std::pair<float, float> start,
                  int burn_in, const FieldPair& field, const FieldPair& ancestors, const PlanarGame& game,
                  const PlanarGame& words, bool is_on_cells, int width, int height, const Target<T, 1>& out) {
    require(is_side(width) && is_side(height), "a side out of range");
    const std::size_t cells = (std::size_t(width) + 2) * (std::size_t(height) + 2);
    const bool is_bits = std::is_same_v<T, std::uint8_t>;
    require(cells <= kMostCells && out.size() == (is_bits ? ifs::bytes_of_bits(cells) : cells),
            "a histogram has a border, and fewer than 2^31 cells");
    const auto [own, first] = fields_of(field, ancestors);
    const ifs::Start begin{own, first, {start.first, start.second}, burn_in};
    const auto plain = game_of(game, is_on_cells), through = game_of(words, is_on_cells);
    const nb::gil_scoped_release released;
    return ifs::plot_share(ifs::Stream(seed, share), points, begin, plain, through, width, height, row(out));
}

const std::map<std::string, ifs::Mode> kModes = {{"binary", ifs::Mode::kBinary},
                                                 {"grey", ifs::Mode::kGrey},
                                                 {"log", ifs::Mode::kLog},
                                                 {"patch", ifs::Mode::kPatch}};

template <typename Value>
void draw_batch(std::uint64_t seed, const Array<std::uint64_t, 1>& streams, const Array<double, 2>& maps,
                const Array<std::int64_t, 1>& bounds, const Array<std::uint64_t, 2>& trees,
                const Array<double, 2>& starts, const Array<std::int64_t, 1>& burn_ins, std::uint64_t points,
                const FieldPair& field, const FieldPair& ancestors, bool is_fitted, double margin, double aspect,
                const std::string& mode, Value white, const Target<double, 2>& views, const Target<double, 1>& lost,
                const Target<Value, 3>& out, int threads) {
    const auto systems = systems_of(maps, bounds, trees, starts, burn_ins);
    const std::size_t count = out.shape(0);
    require(streams.size() == count && views.shape(0) == count && views.shape(1) == 4 && lost.size() == count &&
                trees.shape(0) == count,
            "arrays of pictures of different lengths");
    require(is_side(out.shape(1)) && is_side(out.shape(2)) && (out.shape(1) + 2) * (out.shape(2) + 2) <= kMostCells,
            "a histogram has fewer than 2^31 cells");
    const auto [own, first] = fields_of(field, ancestors);
    const ifs::Batch batch{seed,
                           row(streams),
                           own,
                           first,
                           points,
                           static_cast<int>(out.shape(2)),
                           static_cast<int>(out.shape(1)),
                           is_fitted,
                           margin,
                           aspect};
    require(kModes.contains(mode), "no such mode");
    const ifs::Mode chosen = kModes.at(mode);
    const nb::gil_scoped_release released;
    ifs::draw_batch(systems, batch, chosen, white, grid(views), row(lost), flat(out), threads);
}

using SpaceMaps = std::tuple<Array<float, 3>, Maps, Tree>;

ifs::SpaceGame space_game(const SpaceMaps& game, bool is_on_cells) {
    const auto& [matrices, offsets, tree] = game;
    require(matrices.shape(0) == offsets.shape(0) && matrices.shape(1) == matrices.shape(2) &&
                matrices.shape(2) == offsets.shape(1),
            "matrices are (N, D, D) and offsets (N, D)");
    check_tree(tree.size(), matrices.shape(0));
    const Grid rows(data_of(matrices), matrices.shape(0) * matrices.shape(1), matrices.shape(2));
    return {rows, grid(offsets), row(tree), is_on_cells};
}

std::int64_t sample_share(std::uint64_t seed, std::uint64_t share, const Array<float, 1>& start, int burn_in,
                  const FieldPair& field, const FieldPair& ancestors, const SpaceMaps& game, const SpaceMaps& words,
                          bool is_on_cells, const Target<float, 2>& out) {
    const auto plain = space_game(game, is_on_cells), through = space_game(words, false);
    require(start.size() >= 1 && out.shape(1) == start.size() && plain.offsets.width() == start.size() &&
                through.offsets.width() == start.size(),
            "points of another dimension than the maps");
    require(!is_on_cells || start.size() >= 2, "cells are of the plane: points have two coordinates, or more");
    const auto [own, first] = fields_of(field, ancestors);
    const ifs::SpaceStart begin{own, first, row(start), burn_in};
    const nb::gil_scoped_release released;
    return ifs::sample_share(ifs::Stream(seed, share), begin, plain, through, grid(out));
}

void add_colors(const Array<float, 2>& points, const Target<std::uint64_t, 3>& sums) {
    require(points.shape(1) == 5 && sums.shape(2) == 4, "points are (n, 5) and sums (height, width, 4)");
    const nb::gil_scoped_release released;
    ifs::add_colors(grid(points), flat(sums));
}

std::int64_t project(const Array<float, 2>& points, const Array<float, 2>& camera, float scale,
                     const Target<std::uint64_t, 2>& buffer) {
    require(points.shape(1) == 6 && camera.shape(0) == 3 && camera.shape(1) == 3,
            "points are (n, 6) and a camera (3, 3)");
    const nb::gil_scoped_release released;
    return ifs::project(grid(points), grid(camera), scale, grid(buffer));
}

bool draw_recursion(const Array<double, 2>& matrices, const Array<double, 2>& offsets,
                    const std::pair<double, double>& center, const Array<double, 1>& radii,
                    const Array<double, 1>& to_samples, bool is_capsule, const Array<double, 1>& shape, double half,
                    std::int64_t budget, const Target<float, 2>& picture, int threads) {
    ifs::Affine root{};
    ifs::Shape leaf{is_capsule ? ifs::Shape::kCapsule : ifs::Shape::kParallelogram, {}};
    require(matrices.shape(1) == 4 && offsets.shape(1) == 2 && offsets.shape(0) == matrices.shape(0) &&
                to_samples.size() == root.size() && shape.size() <= leaf.numbers.size() && radii.size() > 0,
            "arrays of a recursion of other lengths");
    const auto is_length = [](double length) { return length >= 0; };
    require(is_length(half) && std::ranges::all_of(row(radii), is_length) && budget >= 0,
            "widths, radii and budgets are not negative");
    std::copy_n(to_samples.data(), root.size(), root.data());
    std::copy_n(shape.data(), shape.size(), leaf.numbers.data());
    const ifs::Tree tree{grid(matrices), grid(offsets), {center.first, center.second}, row(radii)};
    const nb::gil_scoped_release released;
    return ifs::draw_recursion(tree, root, leaf, half, budget, grid(picture), threads);
}

// Whether every level has as many nodes as there are words of its length.
bool is_tree(const ifs::Words& words) {
    const auto nodes = static_cast<std::int64_t>(words.frames.height());
    std::int64_t end = 0, count = 1;
    for (std::size_t level = 0; level + 1 < words.starts.size(); ++level) {
        if (words.starts[level] != end || count > nodes - end) {
            return false;
        }
        end += count;
        count *= words.maps;
    }
    return end == nodes && words.starts[words.starts.size() - 1] == end;
}

void nearest_leaves(int maps, const Array<std::int64_t, 1>& starts, const Array<double, 2>& frames,
                    const Array<double, 2>& balls, const std::string& kind, const Array<double, 1>& shape,
                    const Array<double, 2>& points, const Target<std::int64_t, 1>& words,
                    const Target<double, 1>& distances, int threads) {
    static const std::map<std::string, ifs::Leaf> kLeaves = {{"disk", ifs::Leaf::kDisk},
                                                             {"rectangle", ifs::Leaf::kRectangle},
                                                             {"segment", ifs::Leaf::kSegment}};
    require(starts.size() >= 2 && frames.shape(1) == 7 && balls.shape(1) == 3 && points.shape(1) == 2 &&
                words.size() == points.shape(0) && distances.size() == points.shape(0) &&
                frames.shape(0) == balls.shape(0),
            "arrays of a tree of words of other lengths");
    require(kLeaves.contains(kind) && shape.size() == (kind == "disk" ? 3 : 5), "no such leaf");
    const ifs::Words tree{maps, row(starts), grid(frames), grid(balls)};
    require(maps >= 1 && is_tree(tree), "no tree of words");
    const ifs::Leaf leaf = kLeaves.at(kind);
    const nb::gil_scoped_release released;
    ifs::nearest_leaves(tree, leaf, row(shape), grid(points), row(words), row(distances), threads);
}

template <typename T>
ifs::Clouds<T> clouds_of(
    const nb::ndarray<T, nb::numpy, nb::ndim<3>, nb::c_contig, nb::device::cpu>& points,
    const nb::ndarray<T, nb::numpy, nb::ndim<3>, nb::c_contig, nb::device::cpu>& values) {
    require(points.shape(2) == 2 && values.shape(0) == points.shape(0) && values.shape(1) == points.shape(1),
            "points are (B, P, 2) and values (B, P, C)");
    return {flat(points), flat(values), static_cast<int>(values.shape(2))};
}

// Images (B, C, H, W) as rows.
template <typename T>
Grid<T> images_of(const nb::ndarray<T, nb::numpy, nb::ndim<4>, nb::c_contig, nb::device::cpu>& images,
                  std::size_t batch, std::size_t channels) {
    require(images.shape(0) == batch && images.shape(1) == channels && images.shape(2) <= kMostSide &&
                images.shape(3) <= kMostSide,
            "images of another batch than the points");
    return {data_of(images), batch, channels * images.shape(2) * images.shape(3)};
}

template <typename T>
ifs::Kernel kernel_of(const nb::ndarray<T, nb::numpy, nb::ndim<4>, nb::c_contig, nb::device::cpu>& images,
                      double sigma, double radius) {
    require(sigma > 0 && radius >= 0 && radius <= kMostSide, "sigma is above 0, and the radius within a picture");
    return {sigma, radius, static_cast<int>(images.shape(2)), static_cast<int>(images.shape(3))};
}

template <typename T>
void splat(const Array<T, 3>& points, const Array<T, 3>& values, double sigma, double radius,
           const Target<T, 4>& images, int threads) {
    const auto clouds = clouds_of(points, values);
    const auto rows = images_of(images, points.shape(0), values.shape(2));
    const nb::gil_scoped_release released;
    ifs::splat(clouds, kernel_of(images, sigma, radius), rows, threads);
}

template <typename T>
void splat_gradient(const Array<T, 3>& points, const Array<T, 3>& values, double sigma, double radius,
                    const Array<T, 4>& images, const Target<T, 3>& grad_points, const Target<T, 3>& grad_values,
                    int threads) {
    const auto clouds = clouds_of(points, values);
    const auto gradients = clouds_of(grad_points, grad_values);
    const auto rows = images_of(images, points.shape(0), values.shape(2));
    require(grad_points.shape(0) == points.shape(0) && grad_points.shape(1) == points.shape(1) &&
                gradients.channels == clouds.channels,
            "gradients of another shape than what they are of");
    const nb::gil_scoped_release released;
    ifs::splat_gradient(clouds, kernel_of(images, sigma, radius), rows, gradients, threads);
}

// The first dimension, and all others as one.
template <typename T, typename... Config>
Grid<T> rows_of(const nb::ndarray<T, Config...>& array) {
    return {data_of(array), array.shape(0), array.size() / std::max<std::size_t>(array.shape(0), 1)};
}

template <typename T>
ifs::Orbits<T> orbits_of(const Array<T, 4>& matrices, const Array<std::int64_t, 3>& indices,
                         const Array<T, 2>& start) {
    require(indices.shape(0) == matrices.shape(0) && start.shape(0) == matrices.shape(0) &&
                matrices.shape(2) == matrices.shape(3) && start.shape(1) == matrices.shape(3) &&
                matrices.shape(3) >= 1 && matrices.shape(3) <= ifs::kMostDimensions,
            "arrays of orbits of other lengths");
    const auto maps = static_cast<std::int64_t>(matrices.shape(1));
    require(std::ranges::all_of(Row(data_of(indices), indices.size()),
                                [=](std::int64_t index) { return index >= 0 && index < maps; }),
            "no such map");
    return {static_cast<int>(matrices.shape(1)), static_cast<int>(indices.shape(1)),
            static_cast<int>(indices.shape(2)),  static_cast<int>(matrices.shape(3)),
            rows_of(matrices),                   rows_of(indices),
            rows_of(start)};
}

template <typename T>
void follow(const Array<T, 4>& matrices, const Array<T, 3>& offsets, const Array<std::int64_t, 3>& indices,
            const Array<T, 2>& start, const Target<T, 4>& points, int threads) {
    const auto orbits = orbits_of(matrices, indices, start);
    require(points.shape(0) == matrices.shape(0) && points.size() == indices.size() * matrices.shape(3) &&
                offsets.shape(0) == matrices.shape(0) && offsets.size() == matrices.size() / matrices.shape(3),
            "arrays of orbits of other lengths");
    const nb::gil_scoped_release released;
    ifs::follow(orbits, rows_of(offsets), rows_of(points), threads);
}

template <typename T>
void follow_back(const Array<T, 4>& matrices, const Array<std::int64_t, 3>& indices, const Array<T, 2>& start,
                 const Array<T, 4>& points, const Array<T, 4>& gradients, const Target<T, 4>& grad_matrices,
                 const Target<T, 3>& grad_offsets, int threads) {
    const auto orbits = orbits_of(matrices, indices, start);
    require(points.shape(0) == matrices.shape(0) && points.size() == indices.size() * matrices.shape(3) &&
                gradients.shape(0) == points.shape(0) && gradients.size() == points.size() &&
                grad_matrices.shape(0) == matrices.shape(0) && grad_matrices.size() == matrices.size() &&
                grad_offsets.shape(0) == matrices.shape(0) &&
                grad_offsets.size() == matrices.size() / matrices.shape(3),
            "arrays of orbits of other lengths");
    const nb::gil_scoped_release released;
    ifs::follow_back(orbits, rows_of(points), rows_of(gradients), rows_of(grad_matrices), rows_of(grad_offsets),
                     threads);
}

NewArray<std::int64_t> multinomial(ifs::Stream& stream, std::int64_t n, const Tree& tree) {
    require(n >= 0, "a number of choices is not negative");
    check_tree(tree.size(), 0);
    std::vector<std::int64_t> counts(2 * tree.size());
    stream.multinomial(n, row(tree), {counts.data(), counts.size()});
    counts.erase(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(tree.size()));
    return own<std::int64_t>(std::move(counts), {tree.size()});
}

NewArray<std::uint32_t> products(const FieldPair& field, std::uint32_t factor) {
    const ifs::Field chosen = field_of(field);
    require(factor < chosen.size(), "a factor is an element of the field");
    ifs::Permutation permutation(chosen.size());
    permutation.set(chosen, factor, 0);
    std::vector<std::uint32_t> places(chosen.size());
    for (std::size_t k = 0; k < places.size(); ++k) {
        places[k] = permutation(k);
    }
    return own<std::uint32_t>(std::move(places), {chosen.size()});
}

template <typename T>
void bind_of_type(nb::module_& module) {
    module.def("splat", &splat<T>, nb::arg("points").noconvert(), nb::arg("values").noconvert(),
               nb::arg("sigma"), nb::arg("radius"), nb::arg("images").noconvert(), nb::arg("threads"),
               "Add to images the sum of each cloud's Gaussians.");
    module.def("splat_gradient", &splat_gradient<T>, nb::arg("points").noconvert(),
               nb::arg("values").noconvert(), nb::arg("sigma"), nb::arg("radius"),
               nb::arg("images").noconvert(), nb::arg("grad_points").noconvert(),
               nb::arg("grad_values").noconvert(), nb::arg("threads"),
               "Write the gradients of points and values, given that of the images.");
    module.def("follow", &follow<T>, nb::arg("matrices").noconvert(), nb::arg("offsets").noconvert(),
               nb::arg("indices"), nb::arg("start").noconvert(), nb::arg("points").noconvert(),
               nb::arg("threads"), "Write the orbits of systems under given choices.");
    module.def("follow_back", &follow_back<T>, nb::arg("matrices").noconvert(), nb::arg("indices"),
               nb::arg("start").noconvert(), nb::arg("points").noconvert(), nb::arg("gradients").noconvert(),
               nb::arg("grad_matrices").noconvert(), nb::arg("grad_offsets").noconvert(), nb::arg("threads"),
               "Add the gradients of matrices and offsets, given that of the points of orbits.");
}

template <typename T>
void bind_plots(nb::module_& module) {
    module.def("plot_share", &plot_share<T>, nb::arg("seed"), nb::arg("share"), nb::arg("points"),
               nb::arg("start"), nb::arg("burn_in"), nb::arg("field"), nb::arg("ancestors"), nb::arg("game"),
               nb::arg("words"), nb::arg("is_on_cells"), nb::arg("width"), nb::arg("height"),
               nb::arg("out").noconvert(),
               "Plot points of one population into a histogram with a border, eight cells to a byte or counts; return the "
               "fraction that escaped.");
}

template <typename Value>
void bind_batch(nb::module_& module) {
    module.def("draw_batch", &draw_batch<Value>, nb::arg("seed"), nb::arg("streams"), nb::arg("maps"),
               nb::arg("bounds"), nb::arg("trees"), nb::arg("starts"), nb::arg("burn_ins"), nb::arg("points"),
               nb::arg("field"), nb::arg("ancestors"), nb::arg("is_fitted"), nb::arg("margin"), nb::arg("aspect"),
               nb::arg("mode"), nb::arg("white"), nb::arg("views").noconvert(), nb::arg("lost").noconvert(),
               nb::arg("out").noconvert(), nb::arg("threads"), "Draw a picture of each planar system.");
}

}  // namespace

void bind_ifs(nb::module_ module, nb::module_ testing) {
    module.attr("COLOR_STEPS") = static_cast<int>(ifs::kColorSteps);
    module.attr("DEPTH_STEPS") = static_cast<std::int64_t>(ifs::kDepthSteps);
    module.attr("SAMPLES") = ifs::kSamples;
    module.attr("TILE") = ifs::kTile;
    testing.def("mix64", &ifs::mix64, nb::arg("word"), "Return a bijective hash of a word of 64 bits.");
    testing.def("products", &products, nb::arg("field"), nb::arg("factor"),
               "Return the products of all elements of a field with a factor.");
    nb::class_<ifs::Stream>(testing, "Stream", "A stream of random words.")
        .def(nb::init<std::uint64_t, std::uint64_t>(), nb::arg("seed"), nb::arg("stream"))
        .def("next", &ifs::Stream::next, "The next 64 random bits.")
        .def("binomial", &ifs::Stream::binomial, nb::arg("n"), nb::arg("q"),
             "How many of n uniform fractions lie below q / 2^64.")
        .def("multinomial", &multinomial, nb::arg("n"), nb::arg("tree"),
             "How many of n choices fall to each leaf of a tree.");
    module.def("keep_cells", &keep_cells, nb::arg("maps"), nb::arg("words"),
               "Return whether a game and its words take the borders of cells from such borders.");
    bind_plots<std::uint8_t>(module);
    bind_plots<std::uint32_t>(module);
    bind_batch<float>(module);
    bind_batch<std::uint8_t>(module);
    module.def("sample_share", &sample_share, nb::arg("seed"), nb::arg("share"), nb::arg("start"),
               nb::arg("burn_in"), nb::arg("field"), nb::arg("ancestors"), nb::arg("game"), nb::arg("words"),
               nb::arg("is_on_cells"), nb::arg("out").noconvert(),
               "Fill an array with points, in no particular order; return how many are infinite or NaN.");
    module.def("add_colors", &add_colors, nb::arg("points"), nb::arg("sums").noconvert(),
               "Add coloured points in pixels to sums of colours and counts.");
    module.def("project", &project, nb::arg("points"), nb::arg("camera"), nb::arg("scale"),
               nb::arg("buffer").noconvert(), "Put points of space into a depth buffer; return how many are lost.");
    module.def("draw_recursion", &draw_recursion, nb::arg("matrices"), nb::arg("offsets"), nb::arg("center"),
               nb::arg("radii"), nb::arg("to_samples"), nb::arg("is_capsule"), nb::arg("shape"), nb::arg("half"),
               nb::arg("budget"), nb::arg("picture").noconvert(), nb::arg("threads"),
               "Draw the leaves of a recursion; return whether the tree was small enough.");
    module.def("nearest_leaves", &nearest_leaves, nb::arg("maps"), nb::arg("starts"), nb::arg("frames"),
               nb::arg("balls"), nb::arg("kind"), nb::arg("shape"), nb::arg("points"),
               nb::arg("words").noconvert(), nb::arg("distances").noconvert(), nb::arg("threads"),
               "Write the word of the leaf nearest to each point, and the signed distance to it.");
    bind_of_type<float>(module);
    bind_of_type<double>(module);
}

}  // namespace selfsame::python
