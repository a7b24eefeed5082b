// Games on the cells of a histogram, which count the cells of a self-similar set exactly.
//
// If the inverse of every map takes the borders between cells to such borders, then a map takes a cell into a cell,
// and the cell of a point's image depends on the cell of the point alone. So the points need not be known more
// exactly than to their cells. Left alone, single precision carries those near a border across it, into cells that
// the attractor only touches: one point in a thousand of Cantor's dust at 243 × 243. Put back to the centre of its
// cell after every step, a point is never near one.
#pragma once

#include <array>
#include <cstddef>

#include "core/grid.hpp"

namespace selfsame::ifs {

using PlaneMap = std::array<double, 6>;  // a00 a01 a10 a11 b0 b1

// Whether single precision can play a game on cells, u and v in units of cells, and pass it through words, if there
// are any: all swap the axes or keep them, shrink by whole numbers, and take borders from borders.
bool keep_cells(Row<const PlaneMap> maps, Row<const PlaneMap> words);

// Put each coordinate to the middle between the whole numbers around it.
void center(float* coordinates, std::size_t count);

}  // namespace selfsame::ifs
