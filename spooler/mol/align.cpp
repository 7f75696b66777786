/* Rigid alignment of two sets of points.
 *
 * Horn, J. Opt. Soc. Am. A 4 (1987) 629: the best rotation is the eigenvector
 * of the largest eigenvalue of a symmetric 4x4 matrix, read as a quaternion.
 * It is proper by construction.  The matrix is diagonalised by Jacobi
 * rotations, which need no library and no starting vector.  Never logs.
 */
#include "mol/align.hpp"

#include <cmath>

namespace mol {

namespace {

struct Matrix4 {
	double a[4][4];
};

/* Eigenvector of the largest eigenvalue, into q. */
void largest_eigenvector(Matrix4 m, double q[4])
{
	Matrix4 v{};
	for (int i = 0; i < 4; i++)
		v.a[i][i] = 1;
	for (int sweep = 0; sweep < 60; sweep++) {
		double off = 0;
		for (int i = 0; i < 4; i++)
			for (int j = i + 1; j < 4; j++)
				off += m.a[i][j] * m.a[i][j];
		if (off < 1e-22)
			break;
		for (int i = 0; i < 4; i++)
			for (int j = i + 1; j < 4; j++) {
				if (std::abs(m.a[i][j]) < 1e-300)
					continue;
				const double theta = (m.a[j][j] - m.a[i][i]) / (2 * m.a[i][j]);
				const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
				const double c = 1 / std::sqrt(t * t + 1), s = t * c;
				for (int k = 0; k < 4; k++) {
					const double x = m.a[k][i], y = m.a[k][j];
					m.a[k][i] = c * x - s * y;
					m.a[k][j] = s * x + c * y;
				}
				for (int k = 0; k < 4; k++) {
					const double x = m.a[i][k], y = m.a[j][k];
					m.a[i][k] = c * x - s * y;
					m.a[j][k] = s * x + c * y;
				}
				for (int k = 0; k < 4; k++) {
					const double x = v.a[k][i], y = v.a[k][j];
					v.a[k][i] = c * x - s * y;
					v.a[k][j] = s * x + c * y;
				}
			}
	}
	int best = 0;
	for (int i = 1; i < 4; i++)
		if (m.a[i][i] > m.a[best][best])
			best = i;
	for (int k = 0; k < 4; k++)
		q[k] = v.a[k][best];
}

RDGeom::Point3D centroid(const Coords &x)
{
	RDGeom::Point3D c(0, 0, 0);
	for (const auto &p : x)
		c += p;
	return c / static_cast<double>(x.size());
}

} // namespace

RDGeom::Point3D Rigid::operator()(const RDGeom::Point3D &p) const
{
	const RDGeom::Point3D d = p - from;
	return RDGeom::Point3D(r[0][0] * d.x + r[0][1] * d.y + r[0][2] * d.z, r[1][0] * d.x + r[1][1] * d.y + r[1][2] * d.z,
			       r[2][0] * d.x + r[2][1] * d.y + r[2][2] * d.z) + to;
}

Rigid align(const Coords &x, const Coords &y)
{
	Rigid out{{}, centroid(x), centroid(y)};
	double s[3][3] = {};
	for (size_t i = 0; i < x.size(); i++) {
		const RDGeom::Point3D p = x[i] - out.from, q = y[i] - out.to;
		const double a[3] = {p.x, p.y, p.z}, b[3] = {q.x, q.y, q.z};
		for (int j = 0; j < 3; j++)
			for (int k = 0; k < 3; k++)
				s[j][k] += a[j] * b[k];
	}
	const Matrix4 n{{{s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]},
			 {s[1][2] - s[2][1], s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]},
			 {s[2][0] - s[0][2], s[0][1] + s[1][0], -s[0][0] + s[1][1] - s[2][2], s[1][2] + s[2][1]},
			 {s[0][1] - s[1][0], s[2][0] + s[0][2], s[1][2] + s[2][1], -s[0][0] - s[1][1] + s[2][2]}}};
	double q[4];
	largest_eigenvector(n, q);
	const double w = q[0], i = q[1], j = q[2], k = q[3];
	const double r[3][3] = {{w * w + i * i - j * j - k * k, 2 * (i * j - w * k), 2 * (i * k + w * j)},
				{2 * (i * j + w * k), w * w - i * i + j * j - k * k, 2 * (j * k - w * i)},
				{2 * (i * k - w * j), 2 * (j * k + w * i), w * w - i * i - j * j + k * k}};
	for (int a = 0; a < 3; a++)
		for (int b = 0; b < 3; b++)
			out.r[a][b] = r[a][b];
	return out;
}

} // namespace mol
