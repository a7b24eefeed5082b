// The filter across block borders after the last iteration.
//
// Quantisation leaves a jump d at a border, beyond what the slopes on both sides explain. A block whose
// finest cosine is the k-th resolves details of r = side / (k + 1) pixels. The border error of its
// quantised coefficients has a variance of about step² / r, so a jump is explained by them if it is
// small against step² (1 / r + 1 / r'): it is then taken away, each block's share in proportion to its
// variance, in a linear ramp of the length of its details. A large jump is an edge of the picture and
// stays. The shape of the rule is that of the least-squares corrections of photographs, coded at four
// rates; its constants are where their PSNR is best.
#pragma once

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

inline constexpr int kMaxRamp = 16;             // of what is taken away, in pixels
inline constexpr int kMargin = kMaxRamp + 2;    // how far a pixel's filtered value depends on others

// Smooth the block borders of a plane, first the vertical ones.
//
// `x` has the sides of the plane times `scale`; `strength` is 1 to 7; `owners` are of fill_owners, -1
// where no block lies.
void deblock(Grid<float> x, Grid<const std::int32_t> levels, Row<const Block> blocks, Row<const Map> maps,
             Grid<const std::int32_t> owners, float step, int strength, int scale, int threads);

}  // namespace selfsame::pifs
