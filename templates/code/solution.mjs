export function sumOfSquares(n) {
  const squares = [];
  for (let i = 1; i <= n; i++) squares.push(i * i);
  return squares.reduce((sum, square) => sum + square, 0);
}
