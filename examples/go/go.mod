module example.com/qr

go 1.25

require rsc.io/qr v0.2.0
