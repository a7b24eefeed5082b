#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "pifs/attractor.hpp"
#include "pifs/compose.hpp"
#include "pifs/contraction.hpp"
#include "pifs/dct.hpp"
#include "pifs/deblock.hpp"
#include "pifs/near.hpp"
#include "pifs/partition.hpp"
#include "pifs/region.hpp"
#include "pifs/search.hpp"
#include "pifs/transform.hpp"
#include "python/coding.hpp"

namespace selfsame::python {

void bind_pifs_stream(nb::module_ module);

namespace {

using Ints = Array<std::int32_t, 2>;
using Floats = Array<float, 2>;

bool is_log2(int log2) { return pifs::kMinLog2 <= log2 && log2 <= pifs::kMaxLog2; }

// Blocks of a plane of so many pixels.
Row<const pifs::Block> blocks_of(const Ints& blocks, std::size_t height, std::size_t width) {
    if (blocks.shape(1) != 4) {
        throw std::invalid_argument("blocks are (n, 4)");
    }
    const Row rows(reinterpret_cast<const pifs::Block*>(blocks.data()), blocks.shape(0));
    for (const auto& [y, x, lh, lw] : rows) {
        if (!is_log2(lh) || !is_log2(lw) || y < 0 || x < 0 || y % 4 || x % 4 ||
            static_cast<std::size_t>(y) + (std::size_t(1) << lh) > height ||
            static_cast<std::size_t>(x) + (std::size_t(1) << lw) > width) {
            throw std::invalid_argument("a block lies outside of its plane");
        }
    }
    return rows;
}

template <typename T>
Row<const pifs::Block> blocks_of(const Ints& blocks, const Array<T, 2>& plane) {
    return blocks_of(blocks, plane.shape(0), plane.shape(1));
}

Row<const pifs::Map> maps_of(const Ints& maps, std::size_t count) {
    if (maps.shape(1) != 5 || maps.shape(0) != count) {
        throw std::invalid_argument("maps are (n, 5), as many as blocks");
    }
    return {reinterpret_cast<const pifs::Map*>(maps.data()), maps.shape(0)};
}

// Luma for a plane of so many columns.
std::optional<pifs::Luma> luma_of(const std::optional<Floats>& luma, std::size_t width) {
    if (!luma) {
        return std::nullopt;
    }
    const std::size_t ratio = luma->shape(1) / std::max<std::size_t>(width, 1);
    if (ratio != 1 && ratio != 2) {
        throw std::invalid_argument("luma is as wide as the plane, or twice");
    }
    return pifs::Luma{grid(*luma), static_cast<int>(ratio)};
}

// A new array for the results of a function.
class Result {
public:
    Result(std::size_t height, std::size_t width) : height_(height), width_(width), values_(height * width) {}
    explicit Result(Grid<const float> copied) : Result(copied.height(), copied.width()) {
        std::copy_n(copied.data(), values_.size(), values_.data());
    }
    Grid<float> grid() { return {values_.data(), height_, width_}; }
    NewArray<float> taken() { return own<float>(std::move(values_), {height_, width_}); }

private:
    std::size_t height_, width_;
    std::vector<float> values_;
};

NewArray<float> inverse_dct(const Ints& levels, const Ints& blocks, float step, int scale, int threads) {
    Result result(levels.shape(0) * scale, levels.shape(1) * scale);
    {
        const auto rows = blocks_of(blocks, levels);
        const nb::gil_scoped_release released;
        pifs::inverse_dct(grid(levels), rows, step, pifs::Basis(scale), result.grid(), threads);
    }
    return result.taken();
}

NewArray<float> apply_maps(const Floats& x, const Floats& b, const Ints& blocks, const Ints& maps, int scale,
                           const std::optional<Floats>& luma, int threads) {
    if (scale < 1) {
        throw std::invalid_argument("a plane has at least one sample per pixel");
    }
    Result result(grid(b));
    {
        const auto samples = static_cast<std::size_t>(scale);
        const auto rows = blocks_of(blocks, b.shape(0) / samples, b.shape(1) / samples);
        const auto all = maps_of(maps, rows.size());
        const nb::gil_scoped_release released;
        pifs::apply_maps(grid(x), grid(b), rows, all, scale, luma_of(luma, b.shape(1)), result.grid(),
                         threads);
    }
    return result.taken();
}

std::vector<std::int32_t> owners_of(Row<const pifs::Block> blocks, std::size_t height, std::size_t width) {
    std::vector<std::int32_t> owners((height >> 2) * (width >> 2), -1);
    pifs::fill_owners(blocks, Grid(owners.data(), height >> 2, width >> 2));
    return owners;
}

NewArray<float> deblock(const Floats& x, const Ints& levels, const Ints& blocks, const Ints& maps, float step,
                        int strength, int scale, int threads) {
    Result result(x.shape(0), x.shape(1));
    {
        const auto rows = blocks_of(blocks, levels);
        const auto all = maps_of(maps, rows.size());
        const nb::gil_scoped_release released;
        const auto owners = owners_of(rows, levels.shape(0), levels.shape(1));
        const Grid cells(owners.data(), levels.shape(0) >> 2, levels.shape(1) >> 2);
        pifs::deblock(grid(x), grid(levels), rows, all, cells, step, strength, scale, result.grid(), threads);
    }
    return result.taken();
}

std::pair<NewArray<std::int32_t>, NewArray<std::int32_t>> partition(
    const Floats& pixels, const Floats& reference, const std::optional<Floats>& luma,
    const std::vector<std::pair<int, Array<std::int32_t, 3>>>& candidates, const Slots& slots, int chroma,
    float inverse_step, double bit_price, int last, int threads, pifs::Shapes shapes) {
    pifs::Partition result;
    {
        std::vector<pifs::Candidates> all;
        for (const auto& [log2, maps] : candidates) {
            if (maps.shape(2) != 5) {
                throw std::invalid_argument("maps are (rows, columns, 5)");
            }
            const auto* data = reinterpret_cast<const pifs::Map*>(maps.data());
            all.push_back({log2, Grid(data, maps.shape(0), maps.shape(1))});
        }
        const nb::gil_scoped_release released;
        const pifs::CostTables tables(row(slots), chroma);
        result = pifs::cheapest_partition(grid(pixels), grid(reference), luma_of(luma, pixels.shape(1)), all,
                                          tables, {inverse_step, bit_price, last}, shapes, 0,
                                          static_cast<int>(pixels.shape(0)), threads);
        const Row<const pifs::Block> blocks(result.blocks.data(), result.blocks.size());
        const auto owners = owners_of(blocks, pixels.shape(0), pixels.shape(1));
        pifs::make_contractive(blocks, Row(result.maps.data(), result.maps.size()),
                               Grid(owners.data(), pixels.shape(0) >> 2, pixels.shape(1) >> 2));
    }
    const std::size_t count = result.blocks.size();
    return {own<std::int32_t>(std::move(result.blocks), {count, 4}),
            own<std::int32_t>(std::move(result.maps), {count, 5})};
}

NewArray<float> transform_blocks(const Floats& pixels, const Ints& blocks, float factor, int threads) {
    Result result(pixels.shape(0), pixels.shape(1));
    {
        const auto rows = blocks_of(blocks, pixels);
        const nb::gil_scoped_release released;
        pifs::transform_blocks(grid(pixels), rows, factor, result.grid(), threads);
    }
    return result.taken();
}

std::pair<NewArray<float>, int> settle(const Floats& b, const Ints& blocks, const Ints& maps,
                                       const std::optional<Floats>& luma, int threads) {
    Result result(grid(b));
    int count = 0;
    {
        const auto rows = blocks_of(blocks, b);
        const auto all = maps_of(maps, rows.size());
        const nb::gil_scoped_release released;
        count = pifs::settle(result.grid(), rows, all, luma_of(luma, b.shape(1)), threads);
    }
    return {result.taken(), count};
}

NewArray<std::int32_t> depths(const Ints& blocks, const Ints& maps, const Array<std::uint8_t, 2>& cells,
                              int iterations) {
    std::vector<std::int32_t> found;
    {
        const nb::gil_scoped_release released;
        const std::size_t height = cells.shape(0) * 4, width = cells.shape(1) * 4;
        const auto rows = blocks_of(blocks, height, width);
        const auto owners = owners_of(rows, height, width);
        found = pifs::depths(rows, maps_of(maps, rows.size()),
                             Grid(owners.data(), cells.shape(0), cells.shape(1)), grid(cells), iterations);
    }
    const std::size_t count = found.size();
    return own<std::int32_t>(std::move(found), {count});
}

NewArray<double> contraction_bounds(const Ints& blocks, const Ints& maps, std::size_t height,
                                    std::size_t width) {
    std::vector<double> bounds;
    {
        const nb::gil_scoped_release released;
        const auto rows = blocks_of(blocks, height, width);
        const auto owners = owners_of(rows, height, width);
        bounds = pifs::contraction_bounds(rows, maps_of(maps, rows.size()),
                                          Grid(owners.data(), height >> 2, width >> 2));
    }
    const std::size_t count = bounds.size();
    return own<double>(std::move(bounds), {count});
}

NewArray<std::int32_t> contractive_maps(const Ints& blocks, const Ints& maps, std::size_t height,
                                        std::size_t width) {
    std::vector<pifs::Map> lowered;
    {
        const nb::gil_scoped_release released;
        const auto rows = blocks_of(blocks, height, width);
        const auto all = maps_of(maps, rows.size());
        const auto owners = owners_of(rows, height, width);
        lowered.assign(all.begin(), all.end());
        pifs::make_contractive(rows, Row(lowered.data(), lowered.size()),
                               Grid(owners.data(), height >> 2, width >> 2));
    }
    const std::size_t count = lowered.size();
    return own<std::int32_t>(std::move(lowered), {count, 5});
}

// values, top, left, height, width
using Window = std::tuple<Floats, int, int, int, int>;

void compose(const std::vector<Window>& windows, bool half_chroma, int top, int left,
             const Target<float, 3>& out, int threads) {
    std::vector<pifs::Window> all;
    for (const auto& [values, window_top, window_left, height, width] : windows) {
        all.push_back({grid(values), window_top, window_left, height, width});
    }
    const nb::gil_scoped_release released;
    pifs::compose(all, half_chroma, top, left, static_cast<int>(out.shape(2)), flat(out), threads);
}

NewArray<float> block_costs(const Floats& pixels, int log2_height, int log2_width, const Slots& slots,
                            int chroma, float inverse_step, double bit_price, int last) {
    if (!is_log2(log2_height) || !is_log2(log2_width) || std::abs(log2_height - log2_width) > 1) {
        throw std::invalid_argument("no such shape of blocks");
    }
    const std::size_t rows = pixels.shape(0) >> log2_height, columns = pixels.shape(1) >> log2_width;
    Result result(rows, columns);
    {
        const nb::gil_scoped_release released;
        const pifs::CostTables tables(row(slots), chroma);
        pifs::shape_costs(grid(pixels), log2_height, log2_width, tables, {inverse_step, bit_price, last},
                          result.grid());
    }
    return result.taken();
}

void keep_best(const Array<float, 3>& products, int start, const Array<float, 1>& reach,
               const Array<float, 1>& penalty, const Ints& corners, const Ints& ranges, int apart,
               const Target<float, 2>& gains, const Target<std::int32_t, 2>& found) {
    const std::size_t width = products.shape(2);
    if (reach.size() != width || penalty.size() != width || corners.shape(0) != width ||
        corners.shape(1) != 2 || ranges.shape(0) != gains.shape(0) || found.shape(0) != gains.shape(0) ||
        found.shape(1) != gains.shape(1) || gains.size() == 0 ||
        (products.shape(0) != 1 && products.shape(0) != pifs::kClasses)) {
        throw std::invalid_argument("arrays of a tile of different lengths");
    }
    const Grid all(products.data(), products.shape(0) * products.shape(1), width);
    const nb::gil_scoped_release released;
    pifs::keep_best(all, static_cast<int>(products.shape(0)),
                    {start, row(reach), row(penalty), grid(corners)}, grid(ranges), apart,
                    {grid(gains), grid(found)});
}

void measure(const Floats& ranges, const Floats& domains, int side, int contraction, float max_scale, float flat_norm,
             const Ints& own, const Array<std::int32_t, 3>& corners, const Ints& orders,
             const Target<std::int32_t, 2>& turn, const Target<float, 2>& scale, const Target<float, 2>& gain) {
    if (orders.shape(1) != static_cast<std::size_t>(side) * side || own.shape(1) != 2 ||
        corners.shape(0) != own.shape(0) || corners.shape(2) != 2) {
        throw std::invalid_argument("arrays of matches of different lengths");
    }
    for (const std::int32_t place : Row(orders.data(), orders.size())) {
        if (place < 0 || place >= side * side) {
            throw std::invalid_argument("an isometry leads out of the block");
        }
    }
    const nb::gil_scoped_release released;
    pifs::measure(grid(ranges), grid(domains), {side, contraction, max_scale, flat_norm, grid(orders)}, grid(own),
                  flat(corners), grid(turn), grid(scale), grid(gain));
}

NewArray<std::int32_t> near_maps(const Floats& ranges, const Floats& domains, int log2, int reach,
                                 double bit_price, int threads) {
    if (!is_log2(log2)) {
        throw std::invalid_argument("no such size of blocks");
    }
    std::vector<pifs::Map> maps;
    {
        const nb::gil_scoped_release released;
        maps = pifs::near_maps(grid(ranges), grid(domains), log2, reach, bit_price, threads);
    }
    return own<std::int32_t>(std::move(maps), {ranges.shape(0) >> log2, ranges.shape(1) >> log2, 5});
}

}  // namespace

void bind_pifs(nb::module_ module, nb::module_ testing) {
    bind_pifs_stream(module);
    module.def("inverse_dct", &inverse_dct, nb::arg("levels"), nb::arg("blocks"), nb::arg("step"),
               nb::arg("scale"), nb::arg("threads"),
               "Return the blocks that levels describe, b of x = S x + b, with ``scale`` samples per pixel.");
    module.def("apply_maps", &apply_maps, nb::arg("x"), nb::arg("b"), nb::arg("blocks"), nb::arg("maps"),
               nb::arg("scale"), nb::arg("luma").none(), nb::arg("threads"),
               "Return S x + b, with ``scale`` samples per pixel; maps to luma draw from ``luma``.");
    module.def("deblock", &deblock, nb::arg("x"), nb::arg("levels"), nb::arg("blocks"), nb::arg("maps"),
               nb::arg("step"), nb::arg("strength"), nb::arg("scale"), nb::arg("threads"),
               "Return a plane with its block borders smoothed by a strength of 1 to 7.");
    module.def("partition", &partition, nb::arg("pixels"), nb::arg("reference"), nb::arg("luma").none(),
               nb::arg("candidates"), nb::arg("slots"), nb::arg("chroma"), nb::arg("inverse_step"),
               nb::arg("bit_price"), nb::arg("last"), nb::arg("threads"),
               nb::arg("shapes") = pifs::kAllShapes,
               "Return the blocks and maps of the cheapest partition of a plane, proved to contract.");
    module.def("transform_blocks", &transform_blocks, nb::arg("pixels"), nb::arg("blocks"),
               nb::arg("factor"), nb::arg("threads"),
               "Return the DCT-II of each block in its place, times ``factor``.");
    module.def("settle", &settle, nb::arg("b"), nb::arg("blocks"), nb::arg("maps"), nb::arg("luma").none(),
               nb::arg("threads"),
               "Return the attractor of x = S x + b, and how many applications it took.");
    module.def("near_maps", &near_maps, nb::arg("ranges"), nb::arg("domains"), nb::arg("log2"),
               nb::arg("reach"), nb::arg("bit_price"), nb::arg("threads"),
               "Return the best domain of half the resolution that lies over each block of side 2^log2 itself.");
    module.attr("LIMIT") = pifs::kLimit;
    module.attr("MARGIN") = pifs::kMargin;
    module.attr("SETTLED") = pifs::kSettled;
    module.def("depths", &depths, nb::arg("blocks"), nb::arg("maps"), nb::arg("cells"),
               nb::arg("iterations"),
               "Return after how many steps along the maps each block is reached from the cells that are set, or -1.");
    module.def("contraction_bounds", &contraction_bounds, nb::arg("blocks"), nb::arg("maps"),
               nb::arg("height"), nb::arg("width"),
               "Return numbers, one per block, of which the largest bounds the squared spectral radius of S.");
    module.def("contractive_maps", &contractive_maps, nb::arg("blocks"), nb::arg("maps"), nb::arg("height"),
               nb::arg("width"),
               "Return the maps with scales lowered until they are proved to contract.");
    module.def("compose", &compose, nb::arg("windows"), nb::arg("half_chroma"), nb::arg("top"),
               nb::arg("left"), nb::arg("out").noconvert(), nb::arg("threads"),
               "Fill the first channels of a picture with its decoded planes, grey or Y, Cb and Cr.");
    testing.def("block_costs", &block_costs, nb::arg("pixels"), nb::arg("log2_height"), nb::arg("log2_width"),
               nb::arg("slots"), nb::arg("chroma"), nb::arg("inverse_step"), nb::arg("bit_price"),
               nb::arg("last"),
               "Return the cost of every whole block of one shape, without a map.");
    module.def("keep_best", &keep_best, nb::arg("products"), nb::arg("start"), nb::arg("reach"),
               nb::arg("penalty"), nb::arg("corners"), nb::arg("ranges"), nb::arg("apart"),
               nb::arg("gains").noconvert(), nb::arg("found").noconvert(),
               "Update the best domains of each range with a tile of inner products.");
    module.def("measure", &measure, nb::arg("ranges"), nb::arg("domains"), nb::arg("side"),
               nb::arg("contraction"), nb::arg("max_scale"), nb::arg("flat"), nb::arg("own"),
               nb::arg("corners"), nb::arg("orders"), nb::arg("turn").noconvert(),
               nb::arg("scale").noconvert(), nb::arg("gain").noconvert(),
               "Fill in isometry, scale and gain of each range and domain, measured in pixels.");
}

}  // namespace selfsame::python
