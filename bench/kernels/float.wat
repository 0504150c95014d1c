;; Float arithmetic in locals: points of the Mandelbrot set, 240 x 160, at most 150 steps each.
(module
  (memory (export "memory") 1)
  (func $steps (param $cx f64) (param $cy f64) (result i32)
    (local $x f64) (local $y f64) (local $xx f64) (local $yy f64) (local $n i32)
    (block $done
      (loop $next
        (local.set $xx (f64.mul (local.get $x) (local.get $x)))
        (local.set $yy (f64.mul (local.get $y) (local.get $y)))
        (br_if $done (f64.gt (f64.add (local.get $xx) (local.get $yy)) (f64.const 4)))
        (local.set $y (f64.add (f64.mul (f64.mul (local.get $x) (local.get $y)) (f64.const 2)) (local.get $cy)))
        (local.set $x (f64.add (f64.sub (local.get $xx) (local.get $yy)) (local.get $cx)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $n) (i32.const 150)))))
    (local.get $n))
  (func (export "canister_update run")
    (local $i i32) (local $j i32) (local $sum i32)
    (loop $rows
      (local.set $i (i32.const 0))
      (loop $columns
        (local.set $sum (i32.add (local.get $sum) (call $steps
          (f64.sub (f64.mul (f64.convert_i32_u (local.get $i)) (f64.const 0.0125)) (f64.const 2))
          (f64.sub (f64.mul (f64.convert_i32_u (local.get $j)) (f64.const 0.0125)) (f64.const 1)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $i) (i32.const 240))))
      (local.set $j (i32.add (local.get $j) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $j) (i32.const 160))))
    (i32.store (i32.const 0) (local.get $sum))))
