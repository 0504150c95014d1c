;; Branches, loads, stores and recursion as programs mix them: quicksort of 60,000 numbers at 64 KiB.
(module
  (memory (export "memory") 6)
  (func $sort (param $low i32) (param $high i32)
    (local $i i32) (local $j i32) (local $pivot i32) (local $x i32) (local $y i32)
    (local.set $i (local.get $low))
    (local.set $j (local.get $high))
    (local.set $pivot (i32.load (i32.and (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)) (i32.const -4))))
    (block $split
      (loop $partition
        (br_if $split (i32.gt_u (local.get $i) (local.get $j)))
        (block $left
          (loop $up
            (local.set $x (i32.load (local.get $i)))
            (br_if $left (i32.ge_u (local.get $x) (local.get $pivot)))
            (local.set $i (i32.add (local.get $i) (i32.const 4)))
            (br $up)))
        (block $right
          (loop $down
            (local.set $y (i32.load (local.get $j)))
            (br_if $right (i32.le_u (local.get $y) (local.get $pivot)))
            (local.set $j (i32.sub (local.get $j) (i32.const 4)))
            (br $down)))
        (br_if $partition (i32.gt_u (local.get $i) (local.get $j)))
        (i32.store (local.get $i) (local.get $y))
        (i32.store (local.get $j) (local.get $x))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (local.set $j (i32.sub (local.get $j) (i32.const 4)))
        (br $partition)))
    (if (i32.lt_u (local.get $low) (local.get $j)) (then (call $sort (local.get $low) (local.get $j))))
    (if (i32.lt_u (local.get $i) (local.get $high)) (then (call $sort (local.get $i) (local.get $high)))))
  (func (export "canister_update run")
    (local $i i32) (local $x i32) (local $sum i32)
    (local.set $x (i32.const 1))
    (loop $fill
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store offset=65536 (local.get $i) (local.get $x))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $fill (i32.lt_u (local.get $i) (i32.const 240000))))
    (call $sort (i32.const 65536) (i32.const 305532))
    (local.set $i (i32.const 0))
    (loop $check
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load offset=65536 (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $check (i32.lt_u (local.get $i) (i32.const 240000))))
    (i32.store (i32.const 0) (local.get $sum))))
