;; 64-bit integers in locals: pseudo-random numbers, folded with multiplication, rotation, division; 1,600,000 of them.
(module
  (memory (export "memory") 1)
  (func (export "canister_update run")
    (local $i i32) (local $x i64) (local $sum i64)
    (local.set $x (i64.const 0x9e3779b97f4a7c15))
    (loop $next
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 5)) (i64.mul (local.get $x) (i64.const 0x2545f4914f6cdd1d))))
      (if (i64.eqz (i64.and (local.get $x) (i64.const 3)))
        (then (local.set $sum (i64.add (local.get $sum) (i64.rem_u (local.get $x) (i64.or (i64.shr_u (local.get $sum) (i64.const 40)) (i64.const 1)))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 1600000))))
    (i64.store (i32.const 0) (local.get $sum))))
